#include "session_scene.hpp"

using namespace vbat_test;

namespace {

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

} // namespace
