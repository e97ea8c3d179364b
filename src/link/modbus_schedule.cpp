#include "link/modbus_schedule.hpp"

#include <algorithm>
#include <tuple>

namespace vbat {

using namespace std::chrono_literals;

namespace {

constexpr double busy_share = 0.3;
constexpr double most_stretch = 4;
constexpr int mean_over = 16; // requests
// V3 stalls for seconds now and then: that says nothing about the next request.
constexpr Duration longest_counted = 1s;

} // namespace

void ModbusSchedule::order(const ModbusOrder& order, TimePoint now) {
    if (order.polls.empty()) {
        units_.erase(order.unit);
        return;
    }
    Unit& unit = units_[order.unit];
    std::vector<Entry> entries;
    for (const Poll& poll : order.polls) {
        const auto known = std::ranges::find(unit.entries, poll, &Entry::poll);
        entries.push_back({.poll = poll, .due = known == unit.entries.end() ? now : known->due});
    }
    unit.entries = std::move(entries);
    unit.pace = order.pace;
}

// Late by the same share of its period, each poll becomes rarer by the same factor where not all of them fit.
std::optional<ModbusSchedule::Due> ModbusSchedule::next(TimePoint now) const {
    std::optional<Due> best;
    std::tuple<TimePoint, double, Duration> best_rank{};
    for (const auto& [number, unit] : units_) {
        for (const auto& [poll, due] : unit.entries) {
            const TimePoint when = std::max(due, unit.paused_until);
            const auto period = std::max<Duration>(poll.period, 1ms);
            const double lateness = std::chrono::duration<double>{std::max(now - when, Duration{})} / period;
            const std::tuple rank{std::max(when, now), -lateness, period};
            if (best && rank >= best_rank) continue;
            best = {.unit = number, .block = poll.block, .when = when};
            best_rank = rank;
        }
    }
    return best;
}

std::optional<Block> ModbusSchedule::longest_block(int unit) const {
    const auto found = units_.find(unit);
    if (found == units_.end()) return std::nullopt;
    const auto count = [](const Entry& entry) { return entry.poll.block.count; };
    return std::ranges::max_element(found->second.entries, {}, count)->poll.block;
}

// Late polls are not made up for: their next turn comes behind all that waits longer.
void ModbusSchedule::done(const Due& due, TimePoint now) {
    const auto unit = units_.find(due.unit);
    if (unit == units_.end()) return;
    const double factor = stretch();
    for (auto& [poll, when] : unit->second.entries)
        if (poll.block == due.block)
            when = std::max(when + std::chrono::duration_cast<Duration>(poll.period * factor), now);
}

void ModbusSchedule::took(int unit, Duration request) {
    const auto found = units_.find(unit);
    if (found == units_.end()) return;
    Duration& mean = found->second.request;
    const Duration counted = std::min(request, longest_counted);
    mean = mean == Duration{} ? counted : mean + (counted - mean) / mean_over;
}

void ModbusSchedule::pause(int unit, TimePoint until) {
    if (const auto found = units_.find(unit); found != units_.end()) found->second.paused_until = until;
}

std::vector<int> ModbusSchedule::units() const {
    std::vector<int> numbers;
    for (const auto& [number, unit] : units_) numbers.push_back(number);
    return numbers;
}

Pace ModbusSchedule::pace(int unit) const {
    if (const auto found = units_.find(unit); found != units_.end()) return found->second.pace;
    if (units_.empty()) return careful_pace;
    Pace slowest{};
    for (const auto& [number, other] : units_) {
        slowest.gap = std::max(slowest.gap, other.pace.gap);
        slowest.patience = std::max(slowest.patience, other.pace.patience);
    }
    return slowest;
}

double ModbusSchedule::stretch() const {
    double busy = 0;
    for (const auto& [number, unit] : units_) {
        for (const Entry& entry : unit.entries)
            busy += std::chrono::duration<double>{unit.request + unit.pace.gap} /
                    std::chrono::duration<double>{std::max(entry.poll.period, 1ms)};
    }
    return std::clamp(busy / busy_share, 1.0, most_stretch);
}

} // namespace vbat
