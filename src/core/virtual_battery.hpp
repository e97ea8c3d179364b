#pragma once

#include "core/aggregate.hpp"
#include "core/alarm_hold.hpp"
#include "core/time_to_go.hpp"

namespace vbat {

struct VirtualBatterySettings {
    Duration timeout{std::chrono::seconds{60}}; // 0: once present, always present
    bool derive_time_to_go{true};
    TimeToGoSettings time_to_go{};
};

// The one battery that is shown: the members' aggregate and what has to be remembered between two looks at it.
class VirtualBattery {
public:
    explicit VirtualBattery(VirtualBatterySettings settings) : settings_{settings}, time_to_go_{settings.time_to_go} {}

    Bank look(std::span<const Member> members, TimePoint now);

    // Whether a service should stand on the bus: some member has spoken, and not longer ago than the timeout.
    bool is_present(std::span<const Member> members, TimePoint now) const;

private:
    VirtualBatterySettings settings_;
    TimeToGo time_to_go_;
    AlarmHold alarms_{};
};

} // namespace vbat
