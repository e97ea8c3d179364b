#include "fake_wire.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <random>
#include <utility>

using namespace vbat_test;

namespace {

constexpr Pace v3{.gap = 150ms, .patience = 8s};
constexpr Pace rs485{.gap = 50ms, .patience = 3s};
constexpr Block power{.address = 30006, .count = 1};
constexpr Block soc{.address = 32104, .count = 1};
constexpr Block energies{.address = 33000, .count = 12};

ModbusOrder order_of(int unit, std::vector<Poll> polls, Pace pace = v3) {
    return {.unit = unit, .polls = std::move(polls), .pace = pace};
}

const std::vector<Poll> usual_polls{{.block = power, .period = 2s}, {.block = soc, .period = 10s}};

std::size_t reads_of(const FakeWire& wire, int unit, Block block) {
    return static_cast<std::size_t>(std::ranges::count_if(
        wire.requests, [&](const auto& request) { return request.unit == unit && request.block == block; }));
}

Duration smallest_gap(const FakeWire& wire) {
    Duration smallest = Duration::max();
    for (std::size_t i = 1; i < wire.requests.size(); ++i)
        smallest = std::min(smallest, wire.requests[i].sent - wire.requests[i - 1].ended);
    return smallest;
}

Duration smallest_distance(const std::vector<TimePoint>& times) {
    Duration smallest = Duration::max();
    for (std::size_t i = 1; i < times.size(); ++i) smallest = std::min(smallest, times[i] - times[i - 1]);
    return smallest;
}

Duration longest_wait(const std::vector<ModbusReport>& reports) {
    Duration longest{};
    for (std::size_t i = 1; i < reports.size(); ++i)
        longest = std::max(longest, reports[i].taken_at - reports[i - 1].taken_at);
    return reports.size() < 2 ? Duration::max() : longest;
}

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

SCENARIO("a block the device does not want") {
    Scene scene;
    scene.wire.batteries[1].exceptions = {soc.address};
    scene.session.order(order_of(1, usual_polls));
    scene.run_for(100s);
    THEN("the refusal is told, and nothing else happens") {
        REQUIRE(scene.reports_of(soc).size() == 10);
        const auto trouble = std::get<ModbusTrouble>(scene.reports_of(soc).front().result);
        CHECK(trouble.fault == ModbusFault::refused);
        CHECK(trouble.exception == 2);
        CHECK(scene.reports_of(power).size() == 50);
        CHECK(scene.wire.connects.size() == 1);
        CHECK(scene.session.counters().resyncs == 0);
    }
}

SCENARIO("a block upon which the device hangs up") {
    Scene scene;
    scene.wire.batteries[1].hangs_up_at = {soc.address};
    scene.session.order(order_of(1, usual_polls));
    scene.run_for(100s);
    THEN("that block is told as trouble, the others go on") {
        REQUIRE(scene.reports_of(soc).size() >= 9);
        for (const auto& report : scene.reports_of(soc)) CHECK(fault_of(report) == ModbusFault::disconnected);
        CHECK(std::ranges::all_of(scene.reports_of(power), is_good));
        CHECK(scene.reports_of(power).size() >= 45);
    }
    THEN("the slot of the device has a second to become free") {
        REQUIRE(scene.wire.connects.size() > scene.reports_of(soc).size());
        for (std::size_t i = 1; i < scene.wire.connects.size(); ++i) {
            const auto lost = std::ranges::find_if(scene.wire.requests, [&](const auto& request) {
                return request.block == soc && request.ended > scene.wire.connects[i - 1];
            });
            CHECK(scene.wire.connects[i] >= lost->ended + 1s);
        }
    }
}

SCENARIO("an answer that does not come") {
    Scene scene;
    scene.session.order(order_of(1, usual_polls));
    scene.run_for(3s);
    const auto before = scene.wire.requests.size();
    GIVEN("one that is lost") {
        bool lost = true;
        scene.wire.fate = [&] { return FakeWire::Fate{.lost = std::exchange(lost, false)}; };
        scene.run_for(20s);
        THEN("the line is brought in step by the name, and polling goes on") {
            CHECK(scene.wire.requests[before].block == power);
            CHECK(scene.wire.requests[before + 1].block == Block{.address = 31000, .count = 10});
            CHECK(scene.wire.requests[before + 2].block.address != 31000);
            CHECK(scene.wire.requests[before + 1].sent - scene.wire.requests[before].ended >= 450ms);
            CHECK(scene.session.counters().resyncs == 1);
            CHECK(scene.session.counters().timeouts == 1);
            CHECK(scene.wire.connects.size() == 1);
        }
    }
    GIVEN("one that comes late, each time") {
        int late = 2;
        scene.wire.fate = [&] { return FakeWire::Fate{.takes = late-- > 0 ? 10s : 60ms}; };
        scene.run_for(60s);
        THEN("it is never taken for the answer to another question") {
            for (const auto& report : scene.reports())
                if (is_good(report)) CHECK(is_true(report));
            CHECK(is_good(scene.reports().back()));
        }
    }
    GIVEN("a connection that breaks, and a gateway that hands the answer to the next one") {
        bool breaks = true;
        scene.wire.fate = [&] {
            const bool now = std::exchange(breaks, false);
            return FakeWire::Fate{.takes = now ? 1700ms : 60ms, .hangs_up = now};
        };
        scene.run_for(20s);
        THEN("the line is brought in step, too") {
            REQUIRE(scene.wire.connects.size() == 2);
            CHECK(scene.wire.requests[before + 1].block.address == 31000);
            for (const auto& report : scene.reports())
                if (is_good(report)) CHECK(is_true(report));
        }
    }
    GIVEN("a device that falls silent") {
        scene.wire.batteries[1].silent = true;
        scene.run_for(40s);
        THEN("three time-outs, each of another length, end the connection") {
            CHECK(scene.wire.requests[before + 1].block.count == 10);
            CHECK(scene.wire.requests[before + 2].block.count == 9);
            REQUIRE(scene.wire.disconnects.size() == 1);
            CHECK(scene.wire.disconnects[0] == scene.wire.requests[before + 2].ended);
            CHECK(scene.connections() == std::vector{true, false, true});
        }
        THEN("the owner hears of it once, and of the connection that is back") {
            CHECK(scene.reports_of(power).size() + scene.reports_of(soc).size() == before + 1);
        }
        THEN("the first request after a connect waits, and the connect a second") {
            REQUIRE(scene.wire.connects.size() >= 2);
            CHECK(scene.wire.connects[1] - scene.wire.disconnects[0] >= 1s);
            const auto first = std::ranges::find_if(
                scene.wire.requests, [&](const auto& request) { return request.sent > scene.wire.connects[1]; });
            CHECK(first->sent - scene.wire.connects[1] >= 200ms);
        }
    }
}

// The longest time between two good answers of this block.
Duration longest_wait(const Scene& scene, int unit, Block block, TimePoint from) {
    Duration longest{};
    TimePoint last = from;
    for (const auto& report : scene.reports(unit)) {
        if (report.block != block || !is_good(report) || report.taken_at < from) continue;
        longest = std::max(longest, report.taken_at - last);
        last = report.taken_at;
    }
    return std::max(longest, scene.wire.time - last);
}

SCENARIO("units that do not answer, beside one that does") {
    Scene scene;
    scene.wire.batteries = {{1, {}}, {2, {}}, {3, {}}};
    for (const int unit : {1, 2, 3}) scene.session.order(order_of(unit, usual_polls));
    scene.run_for(30s);
    const TimePoint from = scene.wire.time;
    GIVEN("one of them is silent, and each attempt costs 8 s") {
        scene.wire.batteries[2].silent = true;
        scene.run_for(5min);
        THEN("the others wait for one attempt at most") {
            CHECK(longest_wait(scene, 1, power, from) < 12s);
            CHECK(longest_wait(scene, 3, power, from) < 12s);
        }
    }
    GIVEN("two of them are") {
        scene.wire.batteries[2].silent = true;
        scene.wire.batteries[3].silent = true;
        scene.run_for(5min);
        THEN("their attempts do not follow one another") { CHECK(longest_wait(scene, 1, power, from) < 12s); }
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

SCENARIO("a device that refuses its name") {
    Scene scene;
    scene.wire.batteries[1].exceptions = {31000};
    scene.session.order(order_of(1, {usual_polls[0], {.block = energies, .period = 10s}}));
    scene.run_for(5s);
    bool lost = true;
    scene.wire.fate = [&] { return FakeWire::Fate{.lost = std::exchange(lost, false)}; };
    const TimePoint from = scene.wire.time;
    scene.run_for(1min);
    THEN("is brought in step by another block") {
        CHECK(scene.session.counters().resyncs == 1);
        CHECK(longest_wait(scene, 1, power, from) < 20s);
    }
}

SCENARIO("a connection that cannot be made") {
    Scene scene;
    scene.wire.unplugged = true;
    scene.session.order(order_of(1, usual_polls));
    scene.run_for(1h);
    THEN("it is tried after 1, 2, 4 ... 60 s") {
        const auto& connects = scene.wire.connects;
        REQUIRE(connects.size() >= 60);
        CHECK(connects.size() <= 70);
        CHECK(connects[1] - connects[0] == 1s);
        CHECK(connects[2] - connects[1] == 2s);
        CHECK(connects[3] - connects[2] == 4s);
        CHECK(connects.back() - connects[connects.size() - 2] == 60s);
    }
    THEN("the owner hears it once, with the reason") {
        REQUIRE(scene.news.size() == 1);
        CHECK(std::get<ModbusConnection>(scene.news[0]).why == "fake: no connection");
    }
    WHEN("it is there again") {
        scene.wire.unplugged = false;
        scene.run_for(61s);
        THEN("it is used within a minute") { CHECK(is_good(scene.reports().back())); }
    }
    WHEN("it can be made, but nobody answers") {
        scene.wire.unplugged = false;
        scene.wire.batteries[1].silent = true;
        scene.run_for(5min);
        const auto before = scene.wire.connects.size();
        scene.run_for(1h);
        THEN("the connect alone does not end the back-off") { CHECK(scene.wire.connects.size() - before <= 45); }
    }
}

SCENARIO("a job") {
    Scene scene;
    scene.session.order(order_of(1, usual_polls));
    GIVEN("jobs and polls that are due") {
        std::vector<std::string> order;
        scene.session.run([&](ModbusPort& port) {
            order.push_back(text("first ", port.read(1, energies, 1s).size()));
            port.write(1, 42000, 21930);
        });
        scene.session.run([&](ModbusPort&) { order.emplace_back("second"); });
        scene.run_for(10s);
        THEN("the jobs come first, in order, at the same pace") {
            CHECK(order == std::vector<std::string>{"first 12", "second"});
            CHECK(scene.wire.requests[0].block == energies);
            CHECK(scene.wire.requests[1].block.address == 42000);
            CHECK(scene.wire.written == std::map<std::uint16_t, std::uint16_t>{{42000, 21930}});
            CHECK(scene.wire.requests[0].sent >= scene.wire.connects[0] + 200ms);
            CHECK(smallest_gap(scene.wire) >= 150ms);
        }
    }
    GIVEN("no connection") {
        scene.wire.unplugged = true;
        scene.run_for(10min);
        int failed = 0;
        const auto attempts = scene.wire.connects.size();
        const auto ask = [&](ModbusPort& port) {
            try {
                port.read(1, power, 1s);
            } catch (const ModbusError& error) {
                failed += error.fault() == ModbusFault::disconnected;
                throw;
            }
        };
        for (int i = 0; i < 5; ++i) scene.session.run(ask);
        for (int i = 0; i < 5; ++i) scene.session.step();
        THEN("each tries to connect, at most once a second, and hears that it failed") {
            CHECK(failed == 5);
            CHECK(scene.wire.connects.size() - attempts == 5);
            CHECK(smallest_distance(scene.wire.connects) >= 1s);
        }
        THEN("it works at once when the connection can be made") {
            scene.wire.unplugged = false;
            scene.session.run(ask);
            scene.session.step();
            CHECK(failed == 5);
            CHECK(scene.connections() == std::vector{false, true});
        }
    }
    GIVEN("a read that nobody answered in time, and another one that is tried until it works") {
        int late = 1;
        scene.wire.fate = [&] { return FakeWire::Fate{.takes = late-- > 0 ? 1500ms : 60ms}; };
        std::vector<std::uint16_t> words;
        scene.session.run([&](ModbusPort& port) {
            for (Block block = power; words.empty(); block = soc) {
                try {
                    words = port.read(1, block, 1s);
                } catch (const ModbusError&) { // again
                }
            }
        });
        scene.run_for(5s);
        THEN("the late answer is not taken for the other's") {
            CHECK(words == std::vector{FakeWire::content(1, soc.address)});
        }
    }
    GIVEN("a look for units that are not there") {
        std::vector<int> found;
        scene.session.run([&](ModbusPort& port) {
            for (int unit = 1; unit <= 10; ++unit) {
                try {
                    port.read(unit, {.address = 41100, .count = 1}, 1s);
                    found.push_back(unit);
                } catch (const ModbusError&) { // nobody
                }
            }
        });
        scene.run_for(60s);
        THEN("costs neither the connection nor the polls behind it") {
            CHECK(found == std::vector{1});
            CHECK(scene.wire.connects.size() == 1);
            CHECK(scene.reports_of(power).size() >= 20);
        }
    }
    GIVEN("one that connects anew") {
        scene.run_for(10s);
        scene.session.run([](ModbusPort& port) { port.reconnect(); });
        scene.run_for(10s);
        THEN("the owner hears it, and the slot had its second") {
            CHECK(scene.connections() == std::vector{true, false, true});
            CHECK(scene.wire.connects[1] - scene.wire.disconnects[0] >= 1s);
        }
    }
    GIVEN("one that pauses while the wire is closed from outside") {
        bool ended = false;
        scene.wire.closed = true;
        scene.session.run([&](ModbusPort& port) {
            try {
                port.pause(1h);
            } catch (const ModbusError&) {
                ended = true;
            }
        });
        scene.session.step();
        THEN("it hears that") { CHECK(ended); }
    }
}

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
