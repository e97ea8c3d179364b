#include "tools/simulator/packs.hpp"

#include <algorithm>
#include <cmath>

namespace vbat::sim {
namespace {

constexpr double choice_period = 60; // s
constexpr double ahead = 8;          // %, of the first pack

} // namespace

Packs::Packs(const DeviceModel& model, int count, double soc)
    : model_{model}, packs_(static_cast<std::size_t>(count)), active_{packs_.size() - 1} {
    set_soc(soc);
}

void Packs::set_soc(double soc) {
    const double others = static_cast<double>(packs_.size() - 1);
    const double first = others > 0 ? std::min(ahead, (100 - soc) / 2) : 0;
    const double behind = others > 0 ? std::min(first / others, soc) : 0;
    for (Pack& pack : packs_) pack.soc = soc - behind;
    packs_.front().soc = soc + behind * others;
    for (Pack& pack : packs_) settle(pack, {});
}

double Packs::soc() const {
    double sum = 0;
    for (const Pack& pack : packs_) sum += pack.soc;
    return sum / static_cast<double>(packs_.size());
}

// The lowest is charged, the highest discharged; not another one at each step.
void Packs::choose(double seconds, Watts power) {
    since_choice_ += seconds;
    if (since_choice_ < choice_period || std::abs(power.value) < 50) return;
    since_choice_ = 0;
    const auto lower = [](const Pack& a, const Pack& b) { return a.soc < b.soc; };
    const auto best = power.value > 0 ? std::min_element(packs_.begin(), packs_.end(), lower)
                                      : std::max_element(packs_.begin(), packs_.end(), lower);
    if (std::abs(best->soc - packs_[active_].soc) > 1) active_ = static_cast<std::size_t>(best - packs_.begin());
}

void Packs::step(double seconds, Watts power) {
    choose(seconds, power);
    for (std::size_t i = 0; i < packs_.size(); ++i) settle(packs_[i], i == active_ ? power : Watts{});
    packs_[active_].soc += 100 * power.value * seconds / 3600 / model_.pack_capacity.value;
}

void Packs::settle(Pack& pack, Watts power) const {
    const double rest = model_.cells * cell_voltage_at_rest(pack.soc);
    const double ohms = model_.cells * cell_ohms;
    pack.voltage = {(rest + std::sqrt(std::max(0.0, rest * rest + 4 * ohms * power.value))) / 2};
    pack.current = {power.value / pack.voltage.value};
}

} // namespace vbat::sim
