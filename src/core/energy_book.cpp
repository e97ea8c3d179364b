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
    Counters& counters = counters_[member.name];
    counters.charged.advance(energy.charged, sample.charged_energy,
                             counts ? between(before.power, now, span) : KilowattHours{});
    counters.discharged.advance(energy.discharged, sample.discharged_energy,
                                counts ? between(-before.power, -now, span) : KilowattHours{});
}

void EnergyBook::Counter::advance(KilowattHours& total, Maybe<KilowattHours> now_told, KilowattHours counted) {
    if (now_told && now_told != told) {
        told = now_told;
        since_then = {};
        total = *told;
        return;
    }
    since_then += counted;
    if (!now_told || since_then > stall) total += counted;
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
