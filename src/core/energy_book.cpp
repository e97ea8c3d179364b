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

// No battery in a house moves more while nobody looks.
constexpr double most_kw = 20;
constexpr KilowattHours slack{1};

// Devices that count themselves do so at their AC side.
Maybe<Watts> counted_power(const BatterySample& sample) { return sample.ac_power ? sample.ac_power : sample.power; }

} // namespace

KilowattHours EnergyCounter::stall() const {
    return step_ == KilowattHours{} ? longest_stall : std::clamp(step_ * 3, shortest_stall, longest_stall);
}

void EnergyCounter::take(KilowattHours& total, Maybe<KilowattHours> told, KilowattHours counted, TimePoint now) {
    since_ += counted;
    const bool not_told_yet = told && !told_ && *told == KilowattHours{} && total > KilowattHours{};
    if (told && !not_told_yet && (!told_ || *told > *told_)) return follow(total, *told, now);
    if (told && told_ == told) heard_at_ = now;
    leap_.reset();
    if (told_ && since_ <= stall()) return;
    total += since_ - credited_;
    credited_ = since_;
}

void EnergyCounter::follow(KilowattHours& total, KilowattHours told, TimePoint now) {
    if (!told_) total = std::max(total, told);
    else if (is_plausible(told, now)) {
        const KilowattHours step = told - *told_;
        const KilowattHours news = step - credited_ - ahead_;
        total += std::max(news, KilowattHours{});
        // It caught up, and we had counted a little too much: its next steps pay for that. Or it goes on where it
        // stood.
        ahead_ = step >= credited_ * 0.5 ? std::max(-news, KilowattHours{}) : KilowattHours{};
        step_ = std::max(step_, step);
    } else if (!is_leap_believed(told, now)) return;
    begin_at(told, now);
}

bool EnergyCounter::is_plausible(KilowattHours told, TimePoint now) const {
    const double hours = std::chrono::duration<double, std::ratio<3600>>(now - heard_at_).count();
    return told - *told_ <= slack + since_ * 2 + KilowattHours{most_kw * hours};
}

bool EnergyCounter::is_leap_believed(KilowattHours told, TimePoint now) {
    if (!leap_ || told < *leap_ || told > *leap_ + slack) {
        leap_ = told;
        leapt_at_ = now;
    }
    return now - leapt_at_ >= until_believed;
}

void EnergyCounter::begin_at(KilowattHours told, TimePoint now) {
    told_ = told;
    heard_at_ = now;
    leap_.reset();
    since_ = credited_ = {};
}

void EnergyBook::take(const Member& member) {
    if (!member.sample) return;
    const BatterySample& sample = *member.sample;
    const auto power = counted_power(sample);
    if (!power) return;
    const auto [entry, is_first] = last_.try_emplace(member.name, Last{sample.taken_at, *power});
    const Last before = entry->second;
    entry->second = {sample.taken_at, *power};

    const Duration span = sample.taken_at - before.taken_at;
    Energy& energy = entries_[member.name];
    const bool counts = !is_first && span <= std::max(longest_gap, member.max_age);
    const auto in = counts ? between(before.power, *power, span) : KilowattHours{};
    const auto out = counts ? between(-before.power, -*power, span) : KilowattHours{};
    Counters& counters = counters_[member.name];
    counters.charged.take(energy.charged, sample.charged_energy, in, sample.taken_at);
    counters.discharged.take(energy.discharged, sample.discharged_energy, out, sample.taken_at);
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
