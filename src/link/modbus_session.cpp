#include "link/modbus_session.hpp"

#include <algorithm>
#include <utility>

namespace vbat {

using namespace std::chrono_literals;

namespace {

constexpr auto idle = 1h; // nothing is ordered: an order wakes the owner
constexpr auto quiet_line = 300ms;
constexpr auto longest_clearing = 5s; // a gateway empties its queue

constexpr Block device_name{.address = 31000, .count = 10}; // batteries have it, and any part of it

constexpr Duration short_patience = 3s; // with a unit that keeps others waiting
constexpr int failures_in_series = 3;
constexpr Duration slot_held = 1s;        // a V3 battery has one connection, and frees it late
constexpr Duration after_connect = 200ms; // until the first request
constexpr Duration longest_wait = 60s;

Duration back_off(int times) { return std::min<Duration>(longest_wait, 1s * (1 << std::min(times - 1, 6))); }

bool is_unanswered(const ModbusError& error) {
    return error.fault() == ModbusFault::timed_out || error.fault() == ModbusFault::garbled;
}

} // namespace

class ModbusSession::Port final : public ModbusPort {
public:
    explicit Port(ModbusSession& session) : session_{session} {}

    Words read(int unit, Block block, Duration patience) override {
        session_.connect_for_job();
        if (session_.units_[unit].late.are_possible()) session_.synchronise(unit, patience);
        return session_.read(unit, block, patience);
    }
    // Needs no unit in step: its answer repeats address and value.
    void write(int unit, std::uint16_t address, std::uint16_t value) override {
        session_.connect_for_job();
        session_.write(unit, address, value);
    }
    void pause(Duration duration) override { session_.sleep_until(session_.wire_.now() + duration); }
    void reconnect() override {
        session_.lose("connected anew");
        session_.connect_for_job();
    }

private:
    ModbusSession& session_;
};

void ModbusSession::order(const ModbusOrder& order) { schedule_.order(order, wire_.now()); }

void ModbusSession::run(Job job) { jobs_.push_back(std::move(job)); }

TimePoint ModbusSession::step() try {
    const TimePoint now = wire_.now();
    const auto due = schedule_.next(now);
    const bool polls_turn = last_was_job_ && connected_ && due && due->when <= now;
    if (!jobs_.empty() && !polls_turn) run_job();
    else if (!due) return now + idle;
    else if (const TimePoint when = std::max(due->when, connected_ ? ready_for(due->unit) : connect_at_); now < when)
        return when;
    else if (!connected_) connect();
    else if (units_[due->unit].late.are_possible()) bring_in_step(due->unit);
    else ask(*due);
    return wire_.now();
} catch (const ModbusError&) { // the job, or the owner of the connection, has heard of it
    return wire_.now();
}

void ModbusSession::run_job() {
    const Job job = std::move(jobs_.front());
    jobs_.pop_front();
    last_was_job_ = true;
    Port port{*this};
    job(port);
}

void ModbusSession::ask(const ModbusSchedule::Due& due) {
    last_was_job_ = false;
    ModbusReport report{.unit = due.unit, .block = due.block};
    try {
        report.result = read(due.unit, due.block, patience(due.unit));
    } catch (const ModbusError& error) {
        report.result = ModbusTrouble{.fault = error.fault(), .exception = error.exception(), .what = error.what()};
        if (is_unanswered(error)) not_answered(due.unit, error.what());
    }
    report.taken_at = wire_.now();
    schedule_.done(due, report.taken_at);
    tell_(std::move(report));
}

void ModbusSession::bring_in_step(int unit) {
    last_was_job_ = false;
    try {
        synchronise(unit, patience(unit));
    } catch (const ModbusError& error) {
        if (error.fault() != ModbusFault::disconnected) not_answered(unit, error.what());
    }
}

ModbusSession::Words ModbusSession::read(int unit, Block block, Duration patience) {
    try {
        Words words = request(unit, [&] { return wire_.read(unit, block, patience); });
        answered(unit);
        return words;
    } catch (const ModbusError& error) {
        if (error.fault() == ModbusFault::refused) answered(unit);
        else units_[unit].late.expect(block.count, request_end_);
        throw;
    }
}

void ModbusSession::write(int unit, std::uint16_t address, std::uint16_t value) {
    const auto patience = schedule_.pace(unit).patience;
    request(unit, [&] {
        wire_.write(unit, address, value, patience);
        return Words{};
    });
    answered(unit);
}

// An answer is known by its unit and its length alone. So this asks for a length that no answer which may still be on
// its way has. An exception has no length: it proves nothing, but that another block must do.
void ModbusSession::synchronise(int unit, Duration patience) {
    Unit& state = units_[unit];
    Block block = state.refuses_name ? schedule_.longest_block(unit).value_or(device_name) : device_name;
    block.count = state.late.unmistakable_count(block.count);
    try {
        request(unit, [&] { return wire_.read(unit, block, patience); });
    } catch (const ModbusError& error) {
        state.late.expect(block.count, request_end_);
        state.refuses_name |= error.fault() == ModbusFault::refused;
        throw;
    }
    ++counters_.resyncs;
    state.late.forget();
    answered(unit);
}

ModbusSession::Words ModbusSession::request(int unit, const std::function<Words()>& send) {
    sleep_until(ready_for(unit));
    try {
        gap_ = schedule_.pace(unit).gap;
        if (!line_is_quiet_) wire_.discard_until_quiet(std::max<Duration>(quiet_line, gap_), longest_clearing);
        line_is_quiet_ = true;
        ++counters_.requests;
        const TimePoint started = wire_.now();
        Words words = send();
        request_end_ = wire_.now();
        schedule_.took(unit, request_end_ - started);
        return words;
    } catch (const ModbusError& error) {
        request_end_ = wire_.now();
        // Behind a gateway also a lost connection's answer: it goes to the next one.
        if (error.fault() != ModbusFault::refused) line_is_quiet_ = false;
        if (error.fault() == ModbusFault::timed_out) ++counters_.timeouts;
        if (error.fault() == ModbusFault::garbled) ++counters_.garbled;
        if (error.fault() == ModbusFault::disconnected) lose(error.what());
        throw;
    }
}

void ModbusSession::answered(int unit) {
    failures_ = 0;
    losses_ = 0;
    Unit& state = units_[unit];
    state.has_answered = true;
    if (std::exchange(state.failures, 0) + std::exchange(state.pauses, 0) > 0) schedule_.pause(unit, {});
}

// One unit that is not there must neither keep the others waiting nor cost them the connection.
void ModbusSession::not_answered(int unit, const std::string& why) {
    Unit& state = units_[unit];
    ++failures_;
    ++state.failures;
    if (!others_may_answer(unit)) {
        if (failures_ >= failures_in_series) lose(why);
    } else if (state.failures >= failures_in_series || state.pauses > 0) {
        schedule_.pause(unit, wire_.now() + back_off(++state.pauses));
    } else {
        schedule_.pause(unit, wire_.now()); // it is late no more: the others come first
    }
}

bool ModbusSession::others_may_answer(int unit) const {
    const auto may_answer = [&](int other) {
        const auto state = units_.find(other);
        return other != unit && (state == units_.end() || (state->second.failures == 0 && state->second.pauses == 0));
    };
    return std::ranges::any_of(schedule_.units(), may_answer);
}

Duration ModbusSession::patience(int unit) const {
    const Duration usual = schedule_.pace(unit).patience;
    const auto state = units_.find(unit);
    const bool is_well =
        state != units_.end() && state->second.has_answered && state->second.failures == 0 && state->second.pauses == 0;
    const bool is_first = failures_ == 0; // two in a row that are not answered must not cost the others twice as much
    return (is_well && is_first) || !others_may_answer(unit) ? usual : std::min(usual, short_patience);
}

void ModbusSession::connect() {
    try {
        wire_.connect();
    } catch (const ModbusError& error) {
        lose(error.what());
        throw;
    }
    ++counters_.connects;
    connected_ = true;
    request_end_ = wire_.now();
    gap_ = after_connect;
    tell_connection(true, {});
}

// A job does not wait for the end of the back-off.
void ModbusSession::connect_for_job() {
    if (connected_) return;
    sleep_until(slot_free_at_);
    connect();
}

void ModbusSession::lose(const std::string& why) {
    wire_.disconnect();
    connected_ = false;
    failures_ = 0;
    for (auto& [number, unit] : units_) unit.failures = 0;
    ++losses_;
    slot_free_at_ = wire_.now() + slot_held;
    connect_at_ = wire_.now() + back_off(losses_);
    tell_connection(false, why);
}

void ModbusSession::tell_connection(bool up, const std::string& why) {
    if (std::exchange(told_up_, up) != up) tell_(ModbusConnection{.up = up, .why = why});
}

TimePoint ModbusSession::ready_for(int unit) const {
    return request_end_ + std::max<Duration>(gap_, schedule_.pace(unit).gap);
}

void ModbusSession::sleep_until(TimePoint when) {
    if (wire_.now() >= when) return;
    wire_.sleep_until(when);
    if (wire_.now() < when) throw ModbusError{ModbusFault::disconnected, "closed"};
}

} // namespace vbat
