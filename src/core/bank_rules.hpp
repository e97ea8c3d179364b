#pragma once

#include "core/aggregate.hpp"

#include <algorithm>

// How one value of the bank follows from its members'. Each rule leaves a value absent that it cannot know.
namespace vbat {

using Members = std::vector<const Member*>; // all with a sample

// The id of a cell of the bank: "garage/Cell3".
inline std::string prefixed(const Member& member, const std::string& id) {
    constexpr std::size_t short_name = 8;
    return member.name.substr(0, short_name) + '/' + id;
}

template <auto Value>
void sum_of_all(BatterySample& total, const Members& members) {
    auto& sum = total.*Value;
    sum.reset();
    for (const Member* member : members) {
        const auto& part = (*member->sample).*Value;
        if (!part) return sum.reset(); // a part of a sum is a wrong number
        sum = sum ? *sum + *part : *part;
    }
}

// For what only some batteries have at all: panels, a backup output.
template <auto Value>
void sum_of_known(BatterySample& total, const Members& members) {
    auto& sum = total.*Value;
    sum.reset();
    for (const Member* member : members)
        if (const auto& part = (*member->sample).*Value) sum = sum ? *sum + *part : *part;
}

template <auto Value, auto Better>
void extreme(BatterySample& total, const Members& members) {
    auto& best = total.*Value;
    best.reset();
    for (const Member* member : members) {
        const auto& candidate = (*member->sample).*Value;
        if (candidate && (!best || Better(*candidate, *best))) best = candidate;
    }
}

template <auto Value, auto Id, auto Better>
void extreme_with_id(BatterySample& total, const Members& members) {
    (total.*Value).reset();
    (total.*Id).reset();
    for (const Member* member : members) {
        const BatterySample& sample = *member->sample;
        const auto& candidate = sample.*Value;
        if (!candidate || (total.*Value && !Better(*candidate, *(total.*Value)))) continue;
        total.*Value = candidate;
        total.*Id = sample.*Id ? Maybe<std::string>{prefixed(*member, *(sample.*Id))} : std::nullopt;
    }
}

template <auto Value>
void same_everywhere(BatterySample& total, const Members& members) {
    total.*Value = members.empty() ? std::nullopt : (*members.front()->sample).*Value;
    for (const Member* member : members)
        if ((*member->sample).*Value != total.*Value) (total.*Value).reset();
}

inline bool knows_capacity(const Member* member) {
    return member->sample->installed_capacity.value_or(AmpereHours{}).value > 0;
}

// Wh where every one of these members knows its capacity, else all weigh the same.
inline std::vector<double> weights(const Members& members) {
    std::vector<double> result(members.size(), 1.0);
    if (!std::ranges::all_of(members, knows_capacity)) return result;
    std::ranges::transform(members, result.begin(), [](const Member* member) {
        return (member->nominal_voltage * *member->sample->installed_capacity).value;
    });
    return result;
}

template <auto Value>
void weighted_mean(BatterySample& total, const Members& members) {
    const auto weight = weights(members);
    double sum = 0;
    double known = 0;
    for (std::size_t i = 0; i < members.size(); ++i) {
        const auto& part = (*members[i]->sample).*Value;
        if (!part) continue;
        sum += part->value * weight[i];
        known += weight[i];
    }
    (total.*Value).reset();
    if (known > 0) (total.*Value).emplace(sum / known);
}

} // namespace vbat
