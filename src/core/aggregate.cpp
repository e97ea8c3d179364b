#include "core/aggregate.hpp"

#include "core/bank_rules.hpp"
#include "core/battery_fields.hpp"

#include <algorithm>
#include <iterator>

namespace vbat {
namespace {

TimePoint last_word(const Member& member) { return member.sample ? member.sample->taken_at : member.waiting_since; }

Duration silence(const Member& member, TimePoint now) { return now - last_word(member); }

// Its share in state of charge and capacity has ended, too.
bool is_forgotten(const Member& member, TimePoint now) {
    return member.max_age != Duration{} && silence(member, now) >= member.max_age + soc_memory;
}

constexpr auto lower = [](const auto& a, const auto& b) { return a < b; };
constexpr auto higher = [](const auto& a, const auto& b) { return a > b; };

using S = BatterySample;
using Rule = void (*)(BatterySample&, const Members&);

constexpr Rule rules_of_fresh_members[] = {
    sum_of_all<&S::power>,
    sum_of_all<&S::current_average>,
    sum_of_all<&S::ac_power>,
    sum_of_known<&S::offgrid_power>,
    sum_of_known<&S::pv_power>,
    extreme<&S::ac_voltage, lower>,
    extreme<&S::ac_frequency, lower>,
    extreme<&S::offgrid_voltage, lower>,
    sum_of_all<&S::total_ah_drawn>,
    extreme<&S::soh, lower>,
    extreme<&S::temperature, higher>,
    extreme<&S::mos_temperature, higher>,
    extreme_with_id<&S::min_cell_voltage, &S::min_voltage_cell_id, lower>,
    extreme_with_id<&S::max_cell_voltage, &S::max_voltage_cell_id, higher>,
    extreme_with_id<&S::min_cell_temperature, &S::min_temperature_cell_id, lower>,
    extreme_with_id<&S::max_cell_temperature, &S::max_temperature_cell_id, higher>,
    extreme<&S::minimum_voltage, lower>,
    extreme<&S::maximum_voltage, higher>,
    extreme<&S::minimum_cell_voltage, lower>,
    extreme<&S::maximum_cell_voltage, higher>,
    extreme<&S::minimum_temperature, lower>,
    extreme<&S::maximum_temperature, higher>,
    extreme<&S::has_temperature, higher>,
    extreme<&S::charge_cycles, higher>,
    extreme<&S::time_since_last_full_charge, higher>,
    extreme<&S::balancing, higher>,
    extreme<&S::heating, higher>,
    extreme<&S::allow_to_charge, higher>,
    extreme<&S::allow_to_discharge, higher>,
    extreme<&S::allow_to_balance, higher>,
    extreme<&S::allow_to_heat, higher>,
    extreme<&S::charge_request, higher>,
    extreme<&S::battery_low_voltage, higher>,
    extreme<&S::max_charge_cell_voltage, lower>,
    same_everywhere<&S::state>,
    same_everywhere<&S::cells_per_battery>,
};

// A pack that says 0 V sleeps; it must not pull down the voltage that chargers may be told.
Members awake(const Members& members) {
    Members result;
    std::ranges::copy_if(members, std::back_inserter(result),
                         [](const Member* member) { return member->sample->voltage.value_or(Volts{}).value > 0; });
    return result;
}

void add_current(BatterySample& total) {
    if (total.power && total.voltage) total.current = plausible_current(*total.power, *total.voltage);
}

void add_charge(BatterySample& total, const Members& remembered) {
    sum_of_all<&S::installed_capacity>(total, remembered);
    sum_of_all<&S::capacity>(total, remembered);
    weighted_mean<&S::soc>(total, remembered);
    if (total.installed_capacity && total.capacity)
        total.consumed_amphours = std::min(*total.capacity - *total.installed_capacity, AmpereHours{});
}

// A silent DC member is still on the busbar: its voltage limit holds, its currents count 0 A (decision in
// docs/adr/0006-silent-dc-member.md).
template <auto Limit>
void add_current_limit(BatterySample& total, const Members& heard, const Members& fresh) {
    const bool known = std::ranges::any_of(heard, [](const Member* m) { return ((*m->sample).*Limit).has_value(); });
    if (!known) return;
    Amps sum;
    for (const Member* member : fresh) sum += ((*member->sample).*Limit).value_or(Amps{});
    total.*Limit = sum;
}

void add_alarms(BatterySample& total, const Members& fresh) {
    for (const Member* member : fresh)
        for (std::size_t i = 0; i < alarm_count; ++i)
            if (const auto& level = member->sample->alarms[i])
                total.alarms[i] = std::max(total.alarms[i].value_or(0), *level);
}

bool blocks(const Maybe<int>& allowed, const Maybe<Amps>& limit) {
    return (allowed && *allowed == 0) || (limit && limit->value == 0);
}

template <auto Allowed, auto Limit>
Maybe<int> blocking(const Members& fresh) {
    Maybe<int> count;
    for (const Member* member : fresh) {
        const auto& allowed = (*member->sample).*Allowed;
        const auto& limit = (*member->sample).*Limit;
        if (allowed || limit) count = count.value_or(0) + static_cast<int>(blocks(allowed, limit));
    }
    return count;
}

// What the members say of themselves wins; a bank of one has nothing to add but what is missing.
void count_modules(BatterySample& total, std::size_t members, const Members& fresh) {
    const auto online = static_cast<int>(fresh.size());
    const auto add = [&](Maybe<int>& slot, Maybe<int> counted) {
        if (members > 1 || !slot) slot = counted;
    };
    add(total.modules_online, online);
    add(total.modules_offline, static_cast<int>(members) - online);
    add(total.modules_blocking_charge, blocking<&S::allow_to_charge, &S::max_charge_current>(fresh));
    add(total.modules_blocking_discharge, blocking<&S::allow_to_discharge, &S::max_discharge_current>(fresh));
}

BatterySample total_of(const Members& fresh, const Members& remembered, const Members& heard) {
    BatterySample total;
    for (const Rule rule : rules_of_fresh_members) rule(total, fresh);
    weighted_mean<&S::voltage>(total, awake(fresh));
    add_current(total);
    add_charge(total, remembered);
    extreme<&S::max_charge_voltage, lower>(total, heard);
    add_current_limit<&S::max_charge_current>(total, heard, fresh);
    add_current_limit<&S::max_discharge_current>(total, heard, fresh);
    if (total.min_cell_voltage && total.max_cell_voltage)
        total.cell_voltage_diff = *total.max_cell_voltage - *total.min_cell_voltage;
    add_alarms(total, fresh);
    return total;
}

MemberReport report(const Member& member, TimePoint now) {
    MemberReport said{.name = member.name, .lost = is_lost(member, now)};
    if (!member.sample) return said;
    said.state = said.lost ? MemberState::stale : MemberState::online;
    if (!is_forgotten(member, now)) said.soc = member.sample->soc;
    said.model = member.sample->device_model;
    if (said.lost) return said;
    said.power = member.sample->power;
    said.voltage = member.sample->voltage;
    said.current = member.sample->current;
    said.ac_power = member.sample->ac_power;
    said.device_state = member.sample->device_state;
    said.alarm_words = member.sample->alarm_words;
    said.possible_alarms = member.sample->possible_alarms;
    return said;
}

} // namespace

bool is_lost(const Member& member, TimePoint now) {
    return member.max_age != Duration{} && silence(member, now) >= member.max_age;
}

BatterySample known_after_silence(const Member& member, std::span<const Member> bank, TimePoint now) {
    const auto speaks = [&](const Member& other) { return other.sample && !is_lost(other, now); };
    BatterySample known;
    if (!member.sample || std::ranges::none_of(bank, speaks)) return known;
    known.max_charge_voltage = member.sample->max_charge_voltage;
    known.installed_capacity = member.sample->installed_capacity;
    return known;
}

TimePoint next_transition(std::span<const Member> members, TimePoint now) {
    TimePoint next = TimePoint::max();
    for (const Member& member : members) {
        if (member.max_age == Duration{}) continue;
        const TimePoint lost = last_word(member) + member.max_age;
        for (const TimePoint change : {lost, lost + soc_memory})
            if (change > now) next = std::min(next, change);
    }
    return next;
}

Bank aggregate(std::span<const Member> members, TimePoint now) {
    Bank bank;
    Members fresh;
    Members remembered; // fresh, or lost for less than soc_memory
    Members heard;
    TimePoint youngest = TimePoint::min();
    for (const Member& member : members) {
        bank.members.push_back(report(member, now));
        if (!member.sample) continue;
        const bool lost = is_lost(member, now);
        heard.push_back(&member);
        if (!lost) fresh.push_back(&member);
        if (!is_forgotten(member, now)) remembered.push_back(&member);
        youngest = std::max(youngest, member.sample->taken_at);
    }
    if (members.size() == 1 && fresh.size() == 1) bank.total = *members[0].sample;
    else bank.total = total_of(fresh, remembered, heard);
    bank.total.taken_at = youngest;
    count_modules(bank.total, members.size(), fresh);
    bank.equal_weights = remembered.size() > 1 && !std::ranges::all_of(remembered, knows_capacity);
    return bank;
}

} // namespace vbat
