#include "core/virtual_battery.hpp"

#include <algorithm>

namespace vbat {

Bank VirtualBattery::look(std::span<const Member> members, TimePoint now) {
    Bank bank = aggregate(members, now);
    for (const Member& member : members) energy_.take(member);
    const Energy energy = energy_.sum(members);
    bank.total.charged_energy = energy.charged;
    bank.total.discharged_energy = energy.discharged;
    if (!is_present(members, now)) present_since_.reset();
    else if (!present_since_) {
        present_since_ = now;
        alarms_ = {}; // a new appearance has no old alarms
    }
    if (members.size() > 1 && present_since_) {
        warn_of_lost_members(bank, now);
        alarms_.apply(bank.total.alarms, now);
    }
    if (settings_.derive_time_to_go) {
        const auto derived = time_to_go_.update(bank.total, now);
        if (!bank.total.time_to_go_told) bank.total.time_to_go = derived;
    }
    return bank;
}

// After a silence of all, the second to speak is not lost because the first was quicker: each has the timeout to
// appear.
void VirtualBattery::warn_of_lost_members(Bank& bank, TimePoint now) {
    const bool had_time = settings_.timeout != Duration{} && now - *present_since_ >= settings_.timeout;
    const bool lost = had_time && std::ranges::any_of(bank.members, &MemberReport::lost);
    auto& level = bank.total.alarms[static_cast<std::size_t>(Alarm::bms_cable)];
    level = std::max(level.value_or(0), static_cast<int>(lost));
}

bool VirtualBattery::is_present(std::span<const Member> members, TimePoint now) const {
    return std::ranges::any_of(members, [&](const Member& member) {
        return member.sample && (settings_.timeout == Duration{} || now - member.sample->taken_at < settings_.timeout);
    });
}

TimePoint VirtualBattery::next_change(std::span<const Member> members, TimePoint now) const {
    TimePoint next = next_transition(members, now);
    const auto consider = [&](TimePoint since) {
        if (settings_.timeout != Duration{} && since + settings_.timeout > now)
            next = std::min(next, since + settings_.timeout);
    };
    for (const Member& member : members)
        if (member.sample) consider(member.sample->taken_at);
    if (present_since_) consider(*present_since_);
    return next;
}

} // namespace vbat
