// Every fault as a client in virtual time meets it.
#include "tests/unit/simulator/site.hpp"

using namespace vbat;
using namespace vbat::sim;
using namespace vbat::sim::test;

namespace {

using Words = std::vector<std::uint16_t>;

const BatterySpec e3{.model = "e3", .soc = 55};
const BatterySpec gateway{.model = "e", .soc = 55, .gateway = "bus"};
const BatterySpec transparent{.model = "e", .soc = 55, .framing = Framing::rtu_over_tcp};

struct Asked {
    std::optional<ModbusFault> fault{};
    Duration took{};
};

Asked ask(Site& site, Duration patience = 1s) {
    const TimePoint before = site.simulation.now();
    return {fault_of([&] { site.read(35100, 1, patience); }), site.simulation.now() - before};
}

SCENARIO("one client, and its slot is kept for a second") {
    Site site{e3};
    VirtualWire second{site.simulation, "garage"};
    site.wire.connect();
    CHECK(fault_of([&] { second.connect(); }) == ModbusFault::disconnected);
    site.wire.disconnect();
    site.run(900ms);
    CHECK(fault_of([&] { second.connect(); }) == ModbusFault::disconnected);
    site.run(100ms);
    second.connect();
    CHECK(site.simulation.line("garage").counters().refused == 2);
}

SCENARIO("a reconnect ends control on V3, not behind a gateway") {
    Site site{e3};
    site.take_control();
    site.wire.disconnect();
    site.run(1s);
    site.wire.connect();
    CHECK(site.word(42000) == 0x55BB);
    Site v12{gateway};
    v12.take_control();
    v12.wire.connect();
    CHECK(v12.word(42000) == 0x55AA);
}

SCENARIO("answers take 7 to 150 ms") {
    for (const BatterySpec& battery : {e3, gateway, transparent}) {
        Site site{battery};
        site.wire.connect();
        for (int i = 0; i < 200; ++i) {
            const Asked asked = ask(site);
            REQUIRE_FALSE(asked.fault.has_value());
            CHECK(asked.took >= 7ms);
            CHECK(asked.took <= 150ms);
        }
    }
}

SCENARIO("a stall answers late, all at once; it comes again") {
    Site site{e3};
    site.wire.connect();
    site.fault(Fault::stall, 6);
    CHECK(ask(site, 3s).fault == ModbusFault::timed_out);
    CHECK(ask(site, 1s).fault == ModbusFault::timed_out);
    const Asked third = ask(site, 5s); // the first one's answer
    CHECK(third.fault == ModbusFault::garbled);
    CHECK(third.took > 1s);
    site.wire.discard_until_quiet(200ms, 5s);
    CHECK_FALSE(ask(site).fault.has_value());
    site.run(290s);
    CHECK_FALSE(ask(site).fault.has_value());
    site.run(5s);
    CHECK(ask(site).fault == ModbusFault::timed_out);
}

SCENARIO("what comes again can be told to come once, or not at all") {
    Site site{e3};
    site.fault(Fault::stall_every, 0);
    site.fault(Fault::network_restart_every, 100);
    site.wire.connect();
    site.fault(Fault::stall, 2);
    site.run(302s);
    CHECK_FALSE(ask(site).fault.has_value());
    site.fault(Fault::network_restart, 1);
    for (int i = 0; i < 2; ++i) {
        CHECK(ask(site).fault == ModbusFault::disconnected);
        site.run(2s);
        site.wire.connect();
        CHECK_FALSE(ask(site).fault.has_value());
        site.run(98s);
    }
    site.fault(Fault::network_restart, 0);
    site.fault(Fault::reconnect_drops_control, 0);
    site.wire.disconnect();
    site.run(1s);
    site.take_control();
    site.wire.disconnect();
    site.run(1s);
    site.wire.connect();
    CHECK(site.word(42000) == 0x55AA);
}

SCENARIO("late answers: a transaction tells them apart, a checksum does not") {
    GIVEN("MBAP") {
        Site site{gateway};
        site.wire.connect();
        site.fault(Fault::late_answers, 2);
        CHECK(ask(site, 1s).fault == ModbusFault::timed_out);
        CHECK(ask(site, 1500ms).fault == ModbusFault::garbled);
        site.battery().clear_fault(Fault::late_answers, site.simulation.now());
        site.wire.discard_until_quiet(3s, 10s);
        CHECK_FALSE(ask(site).fault.has_value());
    }
    GIVEN("RTU in a stream: the answer to the question before is taken") {
        Site site{transparent};
        site.wire.connect();
        site.fault(Fault::late_answers, 2);
        CHECK(fault_of([&] { site.read(32104, 1, 1s); }) == ModbusFault::timed_out);
        CHECK(site.read(35100, 1, 1500ms) == Words{55});
    }
}

SCENARIO("a queuing gateway stays one answer behind after a time-out") {
    Site site{gateway};
    site.wire.connect();
    site.fault(Fault::off_by_one, 5);
    site.fault(Fault::slow_answers, 500);
    CHECK(fault_of([&] { site.read(32104, 1, 200ms); }) == ModbusFault::timed_out);
    site.battery().clear_fault(Fault::slow_answers, site.simulation.now());
    CHECK(site.read(35100, 1) == Words{55});
    site.run(1s);
    CHECK(site.read(41100, 1) == Words{1}); // 35100's, which happens to be 1 too
    site.run(100ms);
    CHECK(site.read(32105, 1) == Words{1}); // 41100's
    site.run(100ms);
    CHECK(site.read(41100, 1) == Words{5120});
    THEN("silence for longer than it keeps answers cures it") {
        site.run(6s);
        CHECK(site.read(32105, 1) == Words{5120});
    }
    THEN("so does a new connection") {
        site.wire.connect();
        CHECK(site.read(32105, 1) == Words{5120});
    }
}

SCENARIO("frames that are wrong") {
    GIVEN("each third has another transaction") {
        Site site{e3};
        site.wire.connect();
        site.fault(Fault::wrong_transaction, 3);
        int garbled = 0;
        for (int i = 0; i < 9; ++i) garbled += ask(site).fault == ModbusFault::garbled ? 1 : 0;
        CHECK(garbled == 3);
    }
    GIVEN("each second has a wrong checksum") {
        Site site{transparent};
        site.wire.connect();
        site.fault(Fault::crc_error, 2);
        CHECK_FALSE(ask(site).fault.has_value());
        CHECK(ask(site).fault == ModbusFault::garbled);
    }
    GIVEN("each is too short") {
        Site site{e3};
        site.wire.connect();
        site.fault(Fault::short_frame, 1);
        CHECK(ask(site).fault == ModbusFault::timed_out);
    }
    GIVEN("pieces: late, but whole") {
        Site site{e3};
        site.wire.connect();
        site.fault(Fault::split_frames, 100);
        const Asked asked = ask(site);
        CHECK_FALSE(asked.fault.has_value());
        CHECK(asked.took >= 200ms);
    }
    GIVEN("an exception: V3's own length is wrong, it counts as one all the same") {
        Site site{e3};
        site.wire.connect();
        CHECK(exception_of([&] { site.read(1); }) == 2);
        CHECK_FALSE(ask(site).fault.has_value());
    }
}

SCENARIO("connections that go") {
    Site site{e3};
    site.wire.connect();
    site.fault(Fault::drop_connection, 1);
    CHECK(ask(site).fault == ModbusFault::disconnected);
    site.run(1s);
    site.wire.connect();
    CHECK_FALSE(ask(site).fault.has_value());
    WHEN("unknown addresses cost it") {
        site.fault(Fault::close_on_unknown, 1);
        CHECK(exception_of([&] { site.read(1); }) == 2);
        CHECK(ask(site).fault == ModbusFault::disconnected);
    }
    WHEN("the network chip restarts") {
        site.fault(Fault::network_restart, 10);
        CHECK(ask(site).fault == ModbusFault::disconnected);
        site.run(8s);
        CHECK(fault_of([&] { site.wire.connect(); }) == ModbusFault::disconnected);
        site.run(2s);
        site.wire.connect();
        CHECK_FALSE(ask(site).fault.has_value());
        site.run(1815s);
        CHECK(ask(site).fault == ModbusFault::disconnected);
    }
    WHEN("connecting is refused for a while") {
        site.fault(Fault::refuse_connect, 5);
        site.wire.disconnect();
        site.run(4s);
        CHECK(fault_of([&] { site.wire.connect(); }) == ModbusFault::disconnected);
        site.run(1s);
        CHECK_FALSE(fault_of([&] { site.wire.connect(); }).has_value());
    }
}

SCENARIO("a reboot: no power, no answer, no control, no set-points") {
    Site site{e3};
    site.take_control();
    site.order(800);
    site.run(20s);
    site.fault(Fault::reboot, 10);
    site.run(1s);
    CHECK(site.plant().register_power().value == 0);
    CHECK(fault_of([&] { site.wire.connect(); }) == ModbusFault::disconnected);
    site.run(10s);
    site.wire.connect();
    CHECK(site.read(42000) == Words{0x55BB});
    CHECK(site.read(42020) == Words{0});
}

SCENARIO("silence, and a unit that does not feel addressed") {
    for (const Fault fault : {Fault::silence, Fault::wrong_unit}) {
        Site site{gateway};
        site.wire.connect();
        site.fault(fault, fault == Fault::silence ? 40 : 1);
        CHECK(ask(site, 3s).fault == ModbusFault::timed_out);
        site.battery().clear_fault(fault, site.simulation.now());
        CHECK_FALSE(ask(site).fault.has_value());
    }
}

SCENARIO("values that cannot be") {
    Site site{e3};
    site.fault(Fault::out_of_range, 1);
    CHECK(site.word(32104) == 500);
    CHECK(site.word(34002) == 5000);
    CHECK(site.word(35000) == 0x7FFF);
    CHECK(site.word(30100) == 0xFFFF);
    site.battery().clear_fault(Fault::out_of_range, site.simulation.now());
    CHECK(site.word(32104) == 55);
}

SCENARIO("the BMS is gone for a while: SoC 0 at once, the fault bit 15 s later") {
    Site site{e3};
    site.fault(Fault::soc_glitch, 45);
    CHECK(site.word(32104) == 0);
    CHECK(site.word(37005) == 0);
    CHECK(site.word(35111) == 0);
    CHECK(site.word(36100) == 0);
    site.run(16s);
    CHECK(site.word(36100) == 16);
    site.run(30s);
    CHECK(site.word(32104) == 55);
    CHECK(site.word(36100) == 0);
}

SCENARIO("totals that stand still") {
    Site site{e3};
    site.take_control();
    site.order(2000);
    site.fault(Fault::frozen_totals, 1);
    site.run(20s);
    site.simulation.advance_physics(30min);
    CHECK(site.number32(33000) == 70000);
    site.battery().clear_fault(Fault::frozen_totals, site.simulation.now());
    site.run(2s);
    CHECK(site.number32(33000) > 70090);
}

SCENARIO("control that does not stay") {
    Site site{e3};
    site.take_control();
    WHEN("it is dropped each minute") {
        site.fault(Fault::control_dropped_every, 60);
        site.run(1s);
        CHECK(site.word(42000) == 0x55BB);
        site.write(42000, 0x55AA);
        site.run(50s);
        CHECK(site.word(42000) == 0x55AA);
        site.run(10s);
        CHECK(site.word(42000) == 0x55BB);
    }
    WHEN("it is stuck: only a new connection helps") {
        site.fault(Fault::control_stuck, 1);
        site.write(42000, 0x55AA);
        CHECK(site.word(42000) == 0x55BB);
        site.wire.disconnect();
        site.run(1s);
        site.take_control();
        CHECK(site.word(42000) == 0x55AA);
    }
}

SCENARIO("batteries that do something else") {
    Site site{e3};
    site.take_control();
    site.order(-400);
    const auto power_with = [&](Fault fault, double value) {
        site.fault(fault, value);
        site.run(20s);
        site.battery().clear_fault(fault, site.simulation.now());
        return site.plant().register_power().value;
    };
    CHECK(power_with(Fault::ignores_set_points, 1) == 0);
    CHECK(power_with(Fault::refuses_below, 60) == 0);
    CHECK(power_with(Fault::opposite_sign, 1) == doctest::Approx(400));
    CHECK(power_with(Fault::slow_answers, 0) == doctest::Approx(-400));
    CHECK(power_with(Fault::grid_loss, 1) == 0);
}

SCENARIO("alarm words") {
    Site site{e3};
    site.fault(Fault::fault_36103, 0x10);
    site.fault(Fault::alarm_36000, 16);
    CHECK(site.word(36103) == 0x093C);
    CHECK(site.word(36000) == 16);
}

SCENARIO("two units on a bus, and two with one id") {
    Simulation simulation{
        {.house = {.batteries = {{.name = "one", .model = "e", .soc = 30, .unit = 1, .gateway = "bus"},
                                 {.name = "two", .model = "e", .soc = 70, .unit = 2, .gateway = "bus"}}}},
        noon};
    VirtualWire wire{simulation, "bus"};
    wire.connect();
    CHECK(wire.read(1, {32104, 1}, 1s) == Words{30});
    CHECK(wire.read(2, {32104, 1}, 1s) == Words{70});
    CHECK(fault_of([&] { wire.read(3, {32104, 1}, 1s); }) == ModbusFault::timed_out);
    wire.write(2, 41100, 5, 1s);
    CHECK(wire.read(5, {41100, 1}, 1s) == Words{5});
    wire.write(5, 41100, 1, 1s);
    CHECK(fault_of([&] { wire.read(1, {32104, 1}, 1s); }) == ModbusFault::timed_out); // both talk
}

SCENARIO("random faults leave a house that recovers") {
    const auto run = [](std::uint64_t seed) {
        Simulation simulation{
            {.house = {.seed = seed, .batteries = {{.name = "garage", .model = "e3"}}}, .random_faults = true}, noon};
        VirtualWire wire{simulation, "garage"};
        std::array<int, 5> seen{};
        for (int i = 0; i < 3000; ++i) {
            const auto fault = fault_of([&] {
                try {
                    wire.read(1, {30006, 1}, 1s);
                } catch (const ModbusError& error) {
                    if (error.fault() == ModbusFault::disconnected) wire.connect();
                    else throw;
                }
            });
            ++seen[fault ? static_cast<std::size_t>(*fault) : 4];
            wire.sleep_until(wire.now() + 1s);
        }
        return seen;
    };
    const auto seen = run(11);
    CHECK(seen[4] > 1500);
    CHECK(seen[static_cast<std::size_t>(ModbusFault::timed_out)] > 0);
    CHECK(seen[static_cast<std::size_t>(ModbusFault::disconnected)] > 0);
    CHECK(seen == run(11));
    CHECK(seen != run(12));
}

SCENARIO("the switches say what is wrong with a value") {
    FaultPanel panel{noon};
    CHECK_THROWS(panel.set(Fault::out_of_range, 2, noon));
    CHECK_THROWS(panel.set(Fault::stall, -1, noon));
    CHECK_THROWS(panel.set(Fault::stall, std::numeric_limits<double>::quiet_NaN(), noon));
    CHECK_THROWS(fault_row("stal"));
}

} // namespace
