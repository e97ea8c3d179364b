#include "tools/simulator/inverter.hpp"

#include <algorithm>
#include <cmath>

namespace vbat::sim {
namespace {

constexpr double settled = 0.5; // W

} // namespace

void Inverter::order(Watts set_point) {
    if (set_point == ordered_) return;
    ordered_ = set_point;
    pipe_.push_back({clock_ + preset_.dead, set_point});
}

Watts Inverter::arrived() {
    while (!pipe_.empty() && pipe_.front().due <= clock_) {
        effective_ = pipe_.front().set_point;
        pipe_.pop_front();
    }
    return effective_;
}

void Inverter::step(double seconds, Watts most_charge, Watts most_discharge) {
    clock_ += seconds;
    const Watts target = std::clamp(arrived(), -most_discharge, most_charge);
    move_relay(seconds, target);
    move_power(seconds, relay_closed_ ? target : Watts{});
}

// Closes for any power at all, 1 W included; opens when nothing is wanted and nothing flows.
void Inverter::move_relay(double seconds, Watts target) {
    const bool wanted = std::abs(target.value) >= settled;
    if (!wanted) closing_ = 0;
    if (!wanted && std::abs(power_.value) < settled) relay_closed_ = false;
    if (!wanted || relay_closed_) return;
    closing_ += seconds;
    if (closing_ < preset_.start) return;
    closing_ = 0;
    relay_closed_ = true;
    ++relay_cycles_;
}

void Inverter::move_power(double seconds, Watts target) {
    const double reach = preset_.slew * seconds;
    ramp_ += Watts{std::clamp(target.value - ramp_.value, -reach, reach)};
    power_ += (ramp_ - power_) * (1 - std::exp(-seconds / preset_.tail));
    if (std::abs(ramp_.value - power_.value) < settled && ramp_ == target) power_ = ramp_;
}

void Inverter::trip() {
    pipe_.clear();
    ordered_ = effective_ = ramp_ = power_ = {};
    relay_closed_ = false;
    closing_ = 0;
}

} // namespace vbat::sim
