#include "core/energy_book.hpp"

#include <algorithm>
#include <cmath>

namespace vbat {
namespace {

// The mean of the positive parts of two powers over the time between them.
KilowattHours between(Watts before, Watts after, Duration span) {
    constexpr double watt_seconds_per_kwh = 3.6e6;
    const double mean = (std::max(before.value, 0.0) + std::max(after.value, 0.0)) / 2;
    return {mean * std::chrono::duration<double>(span).count() / watt_seconds_per_kwh};
}

void advance(KilowattHours& total, KilowattHours& since, Maybe<KilowattHours> told, KilowattHours counted) {
    if (told && *told > total) {
        total = *told;
        since = {};
        return;
    }
    since += counted;
    if (!told || since > EnergyBook::stall) total += counted;
}

KilowattHours to_the_wh(KilowattHours energy) { return {std::round(energy.value * 1000) / 1000}; }

} // namespace

void EnergyBook::take(const Member& member) {
    if (!member.sample || !member.sample->power) return;
    const BatterySample& sample = *member.sample;
    const auto [entry, is_first] = last_.try_emplace(member.name, Last{sample.taken_at, *sample.power});
    const Last before = entry->second;
    entry->second = {sample.taken_at, *sample.power};

    const Duration span = sample.taken_at - before.taken_at;
    Energy& energy = entries_[member.name];
    const bool counts = !is_first && span <= std::max(longest_gap, member.max_age);
    const Watts now = *sample.power;
    Counted& counted = counted_[member.name];
    const auto in = counts ? between(before.power, now, span) : KilowattHours{};
    const auto out = counts ? between(-before.power, -now, span) : KilowattHours{};
    advance(energy.charged, counted.charged, sample.charged_energy, in);
    advance(energy.discharged, counted.discharged, sample.discharged_energy, out);
}

Energy EnergyBook::sum(std::span<const Member> members) const {
    Energy sum;
    for (const Member& member : members) {
        const auto entry = entries_.find(member.name);
        if (entry == entries_.end()) continue;
        sum.charged += entry->second.charged;
        sum.discharged += entry->second.discharged;
    }
    return {to_the_wh(sum.charged), to_the_wh(sum.discharged)};
}

} // namespace vbat
