#pragma once

#include "tests/support/printing.hpp"
#include "tools/simulator/control.hpp"
#include "tools/simulator/virtual_wire.hpp"

#include <doctest/doctest.h>

namespace vbat::sim::test {

using namespace std::chrono_literals;

inline const TimePoint noon{12h};

// One battery in a house without anything else, and the wire to it.
struct Site {
    explicit Site(BatterySpec battery, std::string load = "constant:0")
        : simulation{{.house = {.load = std::move(load), .batteries = {prepared(std::move(battery))}}}, noon},
          wire{simulation, "garage"} {}

    static BatterySpec prepared(BatterySpec battery) {
        battery.name = "garage";
        return battery;
    }

    Battery& battery() { return simulation.house().device("garage").battery(); }
    const BatteryPlant& plant() { return battery().plant(); }
    void fault(Fault fault, double value) { battery().set_fault(fault, value, simulation.now()); }
    void run(Duration duration) { simulation.run_until(simulation.now() + duration); }
    std::uint16_t word(std::uint16_t address) {
        return simulation.house().device("garage").word(address, simulation.now()).value_or(0xDEAD);
    }
    int number(std::uint16_t address) { return static_cast<std::int16_t>(word(address)); }
    std::int64_t number32(std::uint16_t address) {
        return static_cast<std::int32_t>(word(address) << 16 | word(static_cast<std::uint16_t>(address + 1)));
    }

    std::vector<std::uint16_t> read(std::uint16_t address, std::uint16_t count = 1, Duration patience = 3s) {
        return wire.read(battery().spec().unit, {address, count}, patience);
    }
    void write(std::uint16_t address, std::uint16_t value) { wire.write(battery().spec().unit, address, value, 3s); }

    void take_control() {
        wire.connect();
        write(42000, 0x55AA);
    }
    void order(int watts) { // + charges
        write(watts > 0 ? 42020 : 42021, static_cast<std::uint16_t>(std::abs(watts)));
        write(42010, watts == 0 ? 0 : watts > 0 ? 1 : 2);
    }

    Simulation simulation;
    VirtualWire wire;
};

// The fault of a call, or nothing.
template <class Call>
std::optional<ModbusFault> fault_of(Call call) {
    try {
        call();
        return std::nullopt;
    } catch (const ModbusError& error) {
        return error.fault();
    }
}

template <class Call>
int exception_of(Call call) {
    try {
        call();
        return 0;
    } catch (const ModbusError& error) {
        return error.exception();
    }
}

} // namespace vbat::sim::test
