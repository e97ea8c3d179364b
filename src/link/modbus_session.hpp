#pragma once

#include "link/modbus_wire.hpp"

#include <deque>
#include <functional>
#include <string>
#include <variant>
#include <vector>

namespace vbat {

// What one unit of a connection is asked, and how fast.
struct ModbusOrder {
    int unit{1};
    std::vector<Poll> polls{};
    Pace pace{};

    bool operator==(const ModbusOrder&) const = default;
};

struct ModbusTrouble {
    ModbusFault fault{};
    int exception{};
    std::string what{};
};

// One request of a unit and what came of it.
struct ModbusReport {
    int unit{};
    Block block{};
    TimePoint taken_at{}; // when the answer was there
    std::variant<std::vector<std::uint16_t>, ModbusTrouble> result{};
};

// The connection itself came or went.
struct ModbusConnection {
    bool up{};
    std::string why{}; // it went, or could not be made
};

using ModbusNews = std::variant<ModbusReport, ModbusConnection>;

struct ModbusCounters { // since the start
    std::uint64_t requests{};
    std::uint64_t timeouts{};
    std::uint64_t garbled{};
    std::uint64_t connects{};
    std::uint64_t resyncs{}; // after a time-out or a garbled answer
};

// Access to a wire for a job (a scan, a change of the unit id, a plan of writes): paced, and in order with everything
// else. Throws ModbusError.
class ModbusPort {
public:
    virtual ~ModbusPort() = default;
    virtual std::vector<std::uint16_t> read(int unit, Block block, Duration patience) = 0;
    virtual void write(int unit, std::uint16_t address, std::uint16_t value) = 0;
    virtual void pause(Duration duration) = 0;
    virtual void reconnect() = 0; // throws when it cannot
};

// One connection over time: who is asked what next, the pause between two requests, what happens after a failure, when
// to connect again (docs/adr/0009-modbus-session.md). Owns no thread and reads no clock but the wire's: the daemon runs
// it on a thread (ModbusLink), tests run it in virtual time.
class ModbusSession {
public:
    using Tell = std::function<void(ModbusNews)>;
    using Job = std::function<void(ModbusPort&)>; // throws nothing but ModbusError, which is dropped

    ModbusSession(ModbusWire& wire, Tell tell) : wire_{wire}, tell_{std::move(tell)} {}

    void order(ModbusOrder order); // replaces that of the same unit; due times of equal polls are kept
    void run(Job job);             // before the next poll, in order

    // Does at most one thing: a job, a poll, or an attempt to connect. Returns when there is something to do again.
    TimePoint step();

    const ModbusCounters& counters() const { return counters_; }

private:
    ModbusWire& wire_;
    Tell tell_;
    ModbusCounters counters_{};
};

} // namespace vbat
