#include "core/virtual_battery.hpp"

#include <algorithm>

namespace vbat {

Bank VirtualBattery::look(std::span<const Member> members, TimePoint now) {
    Bank bank = aggregate(members, now);
    for (const Member& member : members) energy_.take(member);
    const Energy energy = energy_.sum(members);
    bank.total.charged_energy = energy.charged;
    bank.total.discharged_energy = energy.discharged;
    if (members.size() > 1) alarms_.apply(bank.total.alarms, now);
    if (settings_.derive_time_to_go) {
        const auto derived = time_to_go_.update(bank.total, now);
        if (!bank.total.time_to_go_told) bank.total.time_to_go = derived;
    }
    return bank;
}

bool VirtualBattery::is_present(std::span<const Member> members, TimePoint now) const {
    return std::ranges::any_of(members, [&](const Member& member) {
        return member.sample && (settings_.timeout == Duration{} || now - member.sample->taken_at < settings_.timeout);
    });
}

} // namespace vbat
