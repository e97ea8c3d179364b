#include "session_scene.hpp"

#include <random>

using namespace vbat_test;

namespace {

// Answers that are lost, damaged or late by more or less than the patience, for hours: whatever is told is true.
void check_random_faults(unsigned seed) {
    CAPTURE(seed);
    std::mt19937 random{seed};
    const auto happens = [&](double chance) { return std::bernoulli_distribution{chance}(random); };
    const auto up_to = [&](int ms) { return std::chrono::milliseconds{std::uniform_int_distribution{1, ms}(random)}; };
    Scene scene;
    scene.wire.batteries = {{1, {}}, {2, {}}};
    scene.wire.batteries[2].exceptions = {30100}; // an exception may come late, too
    const double trouble = std::uniform_real_distribution{0.0, 0.3}(random);
    scene.wire.fate = [&] {
        if (!happens(trouble)) return FakeWire::Fate{.takes = up_to(200)};
        return FakeWire::Fate{
            .takes = up_to(8000), .damaged = happens(0.2), .lost = happens(0.2), .hangs_up = happens(0.1)};
    };
    const Pace pace{.gap = 50ms, .patience = 3s};
    for (const int unit : {1, 2})
        scene.session.order(order_of(unit,
                                     {{.block = power, .period = 2s},
                                      {.block = soc, .period = 3s},
                                      {.block = {.address = 31000, .count = 10}, .period = 20s},
                                      {.block = {.address = 30100, .count = 1}, .period = 5s},
                                      {.block = {.address = 30020, .count = 10}, .period = 4s},
                                      {.block = {.address = 34000, .count = 9}, .period = 4s}},
                                     pace));
    scene.run_for(2h);
    std::size_t good = 0;
    for (const int unit : {1, 2})
        for (const auto& report : scene.reports(unit)) {
            if (!is_good(report)) continue;
            ++good;
            REQUIRE(is_true(report));
        }
    CHECK(good > 250);
    CHECK(smallest_gap(scene.wire) >= pace.gap);
    CHECK(smallest_distance(scene.wire.connects) >= 1s);
    CHECK(scene.wire.connects.size() <= 2 * 3600 / 10);
}

TEST_CASE("random faults of the line") {
    for (unsigned seed = 1; seed <= 20; ++seed) check_random_faults(seed);
}

} // namespace
