#include "session_scene.hpp"

using namespace vbat_test;

namespace {

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

} // namespace
