#pragma once

#include "core/aggregate.hpp"
#include "core/alarm_hold.hpp"
#include "core/energy_book.hpp"
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
    VirtualBattery(VirtualBatterySettings settings, EnergyBook::Entries energy)
        : settings_{settings}, time_to_go_{settings.time_to_go}, energy_{std::move(energy)} {}

    Bank look(std::span<const Member> members, TimePoint now);

    // Whether a service should stand on the bus: some member has spoken, and not longer ago than the timeout.
    bool is_present(std::span<const Member> members, TimePoint now) const;

    // When time alone changes what look() or is_present() say; max(): never.
    TimePoint next_change(std::span<const Member> members, TimePoint now) const;

    const EnergyBook::Entries& energy() const { return energy_.entries(); }

private:
    void warn_of_lost_members(Bank& bank, TimePoint now);

    VirtualBatterySettings settings_;
    TimeToGo time_to_go_;
    EnergyBook energy_;
    AlarmHold alarms_{};
    Maybe<TimePoint> present_since_{};
};

} // namespace vbat
