#pragma once

#include "link/late_answers.hpp"
#include "link/modbus_schedule.hpp"
#include "link/modbus_wire.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <variant>
#include <vector>

namespace vbat {

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

// The connection itself came or went: told before the report of the request that was lost with it.
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
    std::uint64_t resyncs{}; // a unit in step again after a time-out or a garbled answer
};

// Access to a wire for a job (a scan, a change of the unit id, a plan of writes): paced, and in order with everything
// else. Throws ModbusError.
class ModbusPort {
public:
    virtual ~ModbusPort() = default;
    virtual std::vector<std::uint16_t> read(int unit, Block block, Duration patience) = 0;
    virtual void write(int unit, std::uint16_t address, std::uint16_t value) = 0;
    virtual void pause(Duration duration) = 0; // throws when the wire is being closed from outside
    virtual void reconnect() = 0;              // throws when it cannot
};

// One connection over time: who is asked what next, the pause between two requests, what happens after a failure, when
// to connect again (docs/adr/0009-modbus-session.md). Owns no thread and reads no clock but the wire's: the daemon runs
// it on a thread (ModbusLink), tests run it in virtual time.
class ModbusSession {
public:
    using Tell = std::function<void(ModbusNews)>;
    using Job = std::function<void(ModbusPort&)>; // throws nothing but ModbusError, which is dropped

    ModbusSession(ModbusWire& wire, Tell tell) : wire_{wire}, tell_{std::move(tell)} {}

    // Replaces that of the same unit; due times of equal polls are kept. Without polls the unit is left in peace.
    void order(const ModbusOrder& order);
    void run(Job job); // before the next poll, in order; between two jobs one poll that is due

    // Does at most one thing: a job, a poll, or an attempt to connect. Returns when there is something to do again.
    TimePoint step();

    const ModbusCounters& counters() const { return counters_; }

private:
    class Port;
    using Words = std::vector<std::uint16_t>;

    struct Unit {
        LateAnswers late{};
        bool refuses_name{};
        bool has_answered{};
        int failures{}; // in a row
        int pauses{};   // in a row
    };

    void run_job();
    void ask(const ModbusSchedule::Due& due);
    void bring_in_step(int unit);

    Words read(int unit, Block block, Duration patience);
    void write(int unit, std::uint16_t address, std::uint16_t value);
    void synchronise(int unit, Duration patience);
    Words request(int unit, const std::function<Words()>& send);

    void answered(int unit);
    void not_answered(int unit, const std::string& why);
    bool others_may_answer(int unit) const;
    Duration patience(int unit) const;

    void connect();
    void connect_for_job();
    void lose(const std::string& why);
    void tell_connection(bool up, const std::string& why);
    TimePoint ready_for(int unit) const;
    void sleep_until(TimePoint when);

    ModbusWire& wire_;
    Tell tell_;
    ModbusCounters counters_{};
    ModbusSchedule schedule_{};
    std::deque<Job> jobs_{};
    std::map<int, Unit> units_{}; // also those that only jobs ask

    bool connected_ = false;
    Maybe<bool> told_up_{};
    bool line_is_quiet_ = true; // false: answers may be on their way
    bool last_was_job_ = false;
    int failures_ = 0;         // of the connection, in a row
    int losses_ = 0;           // of connections, since the last answer
    TimePoint slot_free_at_{}; // no connect before
    TimePoint connect_at_{};   // for polls: with back-off
    TimePoint request_end_{};
    Duration gap_{}; // owed after it
};

} // namespace vbat
