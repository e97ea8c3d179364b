#include "tools/simulator/plant.hpp"

#include <algorithm>
#include <cmath>

namespace vbat::sim {
namespace {

constexpr Watts asleep{7};               // relay open, nobody in control
constexpr Watts awake{12};               // under RS485 control at 0 W
constexpr double restart_hysteresis = 2; // %
constexpr double backup_efficiency = 0.90;
constexpr double backup_floor = 5; // %, without the grid it goes deeper than with it
constexpr double solar_efficiency = 0.96;
constexpr double warming = 900; // s
constexpr Celsius room{23};

WattHours over(Watts power, double seconds) { return {power.value * seconds / 3600}; }

} // namespace

void BatteryPlant::judge(const Allowance& allowed) {
    const double soc = packs_.soc();
    full_ = soc >= (full_ ? allowed.full - restart_hysteresis : allowed.full);
    empty_ = soc <= (empty_ ? allowed.floor + restart_hysteresis : allowed.floor);
}

Watts BatteryPlant::charge_limit(const Allowance& allowed) const {
    if (full_) return {};
    return {std::min({allowed.charge.value, model_.max_charge.value, interpolate(model_.taper, packs_.soc())})};
}

Watts BatteryPlant::discharge_limit(const Allowance& allowed) const {
    const bool running = inverter_.power().value < -1;
    if (empty_ || (!running && packs_.soc() < allowed.refuses_below)) return {};
    return std::min(allowed.discharge, model_.max_discharge);
}

void BatteryPlant::feed_backup(const PlantInputs& inputs) {
    const bool fed = inputs.backup_on && !inputs.off && (inputs.grid || packs_.soc() > backup_floor);
    backup_ = fed ? inputs.backup_load : Watts{};
    backup_from_grid_ = inputs.grid ? backup_ : Watts{};
}

Watts BatteryPlant::own_need(const PlantInputs& inputs) const {
    if (inverter_.relay_closed()) return conversion_loss(ac_);
    return inputs.controlled ? awake : asleep;
}

void BatteryPlant::step(double seconds, const PlantInputs& inputs) {
    judge(inputs.allowed);
    if (!inputs.grid || inputs.off) inverter_.trip();
    else inverter_.order(inputs.set_point);
    inverter_.step(seconds, charge_limit(inputs.allowed), discharge_limit(inputs.allowed));
    feed_backup(inputs);
    ac_ = wall_power(inverter_.power());
    const Watts need = own_need(inputs);
    const bool spares_the_cells = inputs.grid && empty_ && !inverter_.relay_closed();
    if (spares_the_cells) ac_ = need;
    const Watts from_cells = (backup_ - backup_from_grid_) / backup_efficiency;
    solar_ = full_ ? Watts{} : inputs.solar;
    dc_ = ac_ - need - from_cells + solar_ * solar_efficiency;
    lost_ = need + from_cells * (1 - backup_efficiency) + solar_ * (1 - solar_efficiency);
    packs_.step(seconds, dc_);
    celsius_ += (room.value + lost_.value * 0.06 - celsius_) * std::min(1.0, seconds / warming);
    count(seconds);
}

void BatteryPlant::count(double seconds) {
    const auto split = [seconds](Watts power, WattHours& in, WattHours& out) {
        if (power.value >= 0) in += over(power, seconds);
        else out += over(-power, seconds);
    };
    split(ac_, book_.charged, book_.discharged);
    split(inverter_.power(), book_.counted_charge, book_.counted_discharge);
    book_.solar += over(solar_, seconds);
    book_.backup_delivered += over(backup_, seconds);
    book_.lost += over(lost_, seconds);
}

} // namespace vbat::sim
