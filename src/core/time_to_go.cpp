#include "core/time_to_go.hpp"

#include <algorithm>
#include <cmath>

namespace vbat {
namespace {

double seconds(Duration span) { return std::chrono::duration<double>(span).count(); }

} // namespace

Maybe<Seconds> TimeToGo::at(Watts power, const BatterySample& battery) const {
    if (!battery.voltage || battery.voltage->value <= 0 || !battery.capacity || !battery.installed_capacity) return {};
    const double amps = std::abs(power.value / battery.voltage->value);
    if (amps == 0) return {};
    const AmpereHours installed = *battery.installed_capacity;
    const AmpereHours to_go = power > Watts{} ? installed - *battery.capacity
                                              : *battery.capacity - installed * (settings_.target.value / 100);
    const Seconds left{std::round(std::max(to_go.value, 0.0) / amps * 3600)};
    if (left > longest) return {};
    return left;
}

TimeToGo::Direction TimeToGo::direction_of(const BatterySample& battery) const {
    if (!battery.power || !at(*battery.power, battery)) return Direction::idle;
    return *battery.power > Watts{} ? Direction::charging : Direction::discharging;
}

void TimeToGo::restart(const BatterySample& battery, TimePoint now) {
    answer_ = battery.power ? at(*battery.power, battery) : std::nullopt;
    window_start_ = now;
    watt_seconds_ = 0;
}

Maybe<Seconds> TimeToGo::update(const BatterySample& battery, TimePoint now) {
    watt_seconds_ += last_power_.value * seconds(now - last_update_);
    last_power_ = battery.power.value_or(Watts{});
    last_update_ = now;

    const Direction direction = direction_of(battery);
    if (direction != direction_) {
        direction_ = direction;
        restart(battery, now);
    } else if (now - window_start_ >= settings_.recalculate_every) {
        const Watts mean{watt_seconds_ / seconds(now - window_start_)};
        restart(battery, now);
        if (direction_ != Direction::idle) answer_ = at(mean, battery);
    }
    return answer_;
}

} // namespace vbat
