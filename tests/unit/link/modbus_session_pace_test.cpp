#include "session_scene.hpp"

using namespace vbat_test;

namespace {

SCENARIO("a battery is asked in time") {
    Scene scene;
    GIVEN("two polls") {
        scene.session.order(order_of(1, usual_polls));
        scene.run_for(100s);
        THEN("each has its period, the first answer comes after the pause behind the connect") {
            CHECK(scene.reports_of(power).size() == 50);
            CHECK(scene.reports_of(soc).size() == 10);
            CHECK(scene.wire.requests.front().sent == TimePoint{1h} + 200ms);
            CHECK(scene.wire.requests.front().block == power);
        }
        THEN("every value is told with its time, and the connection once") {
            for (const auto& report : scene.reports()) {
                REQUIRE(is_good(report));
                CHECK(is_true(report));
            }
            CHECK(scene.reports().front().taken_at == TimePoint{1h} + 260ms);
            CHECK(scene.connections() == std::vector{true});
            CHECK(std::holds_alternative<ModbusConnection>(scene.news.front()));
        }
        THEN("the gap between two requests is kept") { CHECK(smallest_gap(scene.wire) >= 150ms); }
    }
    GIVEN("polls that are due at the same time") {
        scene.session.order(order_of(1, {usual_polls[1], usual_polls[0]}));
        scene.run_for(1s);
        THEN("the more frequent one comes first") { CHECK(scene.wire.requests.front().block == power); }
    }
    GIVEN("an order that is replaced in the middle of a period") {
        scene.session.order(order_of(1, usual_polls));
        scene.run_for(5s);
        scene.session.order(order_of(1, {usual_polls[0], usual_polls[1], {.block = energies, .period = 60s}}));
        scene.run_for(5s);
        THEN("polls that stay keep their due time, the new one is asked at once") {
            CHECK(scene.reports_of(power).size() == 5);
            CHECK(scene.reports_of(soc).size() == 1);
            CHECK(scene.reports_of(energies).size() == 1);
            CHECK(scene.wire.requests[4].block == energies);
        }
    }
    GIVEN("an order that ends") {
        scene.session.order(order_of(1, usual_polls));
        scene.run_for(5s);
        scene.session.order(order_of(1, {}));
        const auto before = scene.wire.requests.size();
        scene.run_for(1h);
        THEN("nothing is asked any more") { CHECK(scene.wire.requests.size() == before); }
    }
    GIVEN("a device whose every answer takes 3 s") {
        scene.wire.fate = [] { return FakeWire::Fate{.takes = 3s}; };
        std::vector<Poll> polls = usual_polls;
        for (std::uint16_t i = 0; i < 9; ++i)
            polls.push_back({.block = {.address = static_cast<std::uint16_t>(34000 + i), .count = 1}, .period = 10s});
        scene.session.order(order_of(1, polls));
        scene.run_for(10min);
        THEN("all becomes rarer, what is asked often not more than the rest") {
            CHECK(longest_wait(scene.reports_of(power)) <= 14s);
            CHECK(longest_wait(scene.reports_of(soc)) <= 70s);
        }
    }
    GIVEN("one long answer") {
        bool stalled = false;
        scene.wire.fate = [&] { return FakeWire::Fate{.takes = std::exchange(stalled, false) ? 7s : 60ms}; };
        scene.session.order(order_of(1, {{.block = power, .period = 1s}}));
        scene.run_for(10s);
        stalled = true;
        const auto before = scene.wire.requests.size();
        scene.run_for(10s);
        THEN("what was missed is not made up for in a burst") { CHECK(scene.wire.requests.size() - before <= 5); }
        THEN("it does not make the others rarer") {
            const auto after = scene.wire.requests.size();
            scene.run_for(30s);
            CHECK(scene.wire.requests.size() - after >= 29);
        }
    }
}

SCENARIO("several batteries behind one gateway") {
    Scene scene;
    scene.wire.batteries = {{1, {}}, {2, {}}, {3, {}}, {4, {}}};
    GIVEN("a unit with a larger gap") {
        scene.session.order(order_of(1, usual_polls, {.gap = 50ms, .patience = 3s}));
        scene.session.order(order_of(2, usual_polls, {.gap = 300ms, .patience = 3s}));
        scene.run_for(100s);
        THEN("its gap is kept before and behind its requests") {
            const auto& requests = scene.wire.requests;
            for (std::size_t i = 1; i < requests.size(); ++i) {
                const bool careful = requests[i].unit == 2 || requests[i - 1].unit == 2;
                CHECK(requests[i].sent - requests[i - 1].ended >= (careful ? 300ms : 50ms));
            }
        }
    }
    GIVEN("more work than fits") {
        for (int unit = 1; unit <= 4; ++unit)
            scene.session.order(order_of(unit, {{.block = power, .period = 1s}, {.block = soc, .period = 10s}}));
        scene.run_for(60s);
        const TimePoint start = scene.wire.time;
        const auto before = scene.wire.requests.size();
        scene.run_for(300s);
        THEN("all periods become longer, so that the line is at rest for 70 % of the time") {
            Duration busy{};
            for (std::size_t i = before; i < scene.wire.requests.size(); ++i)
                busy += scene.wire.requests[i].ended - scene.wire.requests[i].sent + v3.gap;
            CHECK(busy <= (scene.wire.time - start) * 32 / 100);
            CHECK(busy >= (scene.wire.time - start) * 28 / 100);
        }
        THEN("all are served alike") {
            for (int unit = 2; unit <= 4; ++unit) {
                CHECK(reads_of(scene.wire, unit, power) >= reads_of(scene.wire, 1, power) - 1);
                CHECK(reads_of(scene.wire, unit, soc) >= reads_of(scene.wire, 1, soc) - 1);
            }
        }
    }
    GIVEN("far more work than fits") {
        for (int unit = 1; unit <= 4; ++unit)
            scene.session.order(order_of(unit, {{.block = power, .period = 500ms}, {.block = soc, .period = 500ms}}));
        scene.run_for(400s);
        THEN("no poll becomes slower than four times its period") {
            CHECK(reads_of(scene.wire, 1, power) >= 195);
            CHECK(reads_of(scene.wire, 1, power) <= 205);
        }
    }
    GIVEN("a unit that is not there") {
        scene.wire.batteries.erase(3);
        for (int unit = 1; unit <= 4; ++unit) scene.session.order(order_of(unit, usual_polls, rs485));
        scene.run_for(1h);
        THEN("the connection stays, and the others lose little") {
            CHECK(scene.wire.connects.size() == 1);
            for (const int unit : {1, 2, 4}) CHECK(scene.reports_of(power, unit).size() >= 1400);
        }
        THEN("it is asked again and again, and found when it comes") {
            scene.wire.batteries[3];
            scene.run_for(70s);
            CHECK(is_good(scene.reports(3).back()));
            const auto before = scene.reports_of(power, 3).size();
            scene.run_for(100s);
            CHECK(scene.reports_of(power, 3).size() - before >= 45);
        }
    }
    GIVEN("a unit that is not there, and might be one that takes its time") {
        scene.wire.batteries.erase(3);
        for (const int unit : {1, 2, 4}) scene.session.order(order_of(unit, usual_polls, rs485));
        scene.session.order(order_of(3, {{.block = {.address = 31000, .count = 10}, .period = 5s}}, v3));
        scene.run_for(5min);
        THEN("nobody waits for it twice in a row, and never for long") {
            for (const int unit : {1, 2, 4}) CHECK(longest_wait(scene.reports_of(power, unit)) <= 6s);
        }
        THEN("it is found when it comes") {
            scene.wire.batteries[3];
            scene.run_for(70s);
            CHECK(is_good(scene.reports(3).back()));
        }
    }
    GIVEN("a gateway behind which nobody answers any more") {
        for (int unit = 1; unit <= 4; ++unit) scene.session.order(order_of(unit, usual_polls));
        scene.run_for(60s);
        for (auto& [unit, battery] : scene.wire.batteries) battery.silent = true;
        scene.run_for(1h);
        THEN("it is connected anew, rarely") {
            CHECK(scene.wire.connects.size() >= 10);
            CHECK(scene.wire.connects.size() <= 60);
        }
        THEN("all come back") {
            for (auto& [unit, battery] : scene.wire.batteries) battery.silent = false;
            scene.run_for(150s);
            for (int unit = 1; unit <= 4; ++unit) CHECK(is_good(scene.reports(unit).back()));
        }
    }
}

SCENARIO("much is due at once") {
    Scene scene;
    std::vector<Poll> polls{{.block = power, .period = 2s}};
    for (std::uint16_t i = 0; i < 40; ++i)
        polls.push_back({.block = {.address = static_cast<std::uint16_t>(34000 + 40 * i), .count = 16}, .period = 60s});
    scene.session.order(order_of(1, polls));
    scene.run_for(20s);
    THEN("power does not wait for all of it") { CHECK(longest_wait(scene, 1, power, scene.wire.connects[0]) < 3s); }
}

} // namespace
