#pragma once

#include "core/sample.hpp"

namespace vbat {

struct TimeToGoSettings {
    Percent target{10}; // discharging counts down to this state of charge
    Duration recalculate_every{std::chrono::seconds{300}};
};

// Seconds until the battery is full (charging) or down to the target (discharging), from the power averaged since the
// last calculation. Idle has no time to go. A change of direction starts a new average at once: the old answer would be
// wrong.
class TimeToGo {
public:
    // Beyond this a battery is idle for any practical purpose; Victron's own monitors stop here too.
    static constexpr Seconds longest{240.0 * 3600};

    explicit TimeToGo(TimeToGoSettings settings) : settings_{settings} {}

    // Call with every new state of the battery. Absent when it is idle or its capacity is unknown.
    Maybe<Seconds> update(const BatterySample& battery, TimePoint now);

private:
    enum class Direction { idle, charging, discharging };

    Maybe<Seconds> at(Watts power, const BatterySample& battery) const;
    Direction direction_of(const BatterySample& battery) const;
    void restart(const BatterySample& battery, TimePoint now);

    TimeToGoSettings settings_;
    Direction direction_ = Direction::idle;
    Maybe<Seconds> answer_{};
    TimePoint window_start_{};
    TimePoint last_update_{};
    Watts last_power_{};
    double watt_seconds_ = 0;
};

} // namespace vbat
