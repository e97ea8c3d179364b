#include "tools/simulator/battery.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace vbat::sim {
namespace {

constexpr double noise = 2;  // W
constexpr double lag = 0.25; // s, of the device's own measurement
constexpr double cell_room = 21;
constexpr double restart_seconds = 20;

enum State { standby = 1, charging = 2, discharging = 3, backup = 4, bypass = 6 };

int packs_of(const BatterySpec& spec, const DeviceModel& model) {
    const int packs = spec.packs != 0 ? spec.packs : model.packs;
    const int most = std::max(1, model.most_packs);
    if (packs < 1 || packs > most)
        throw std::invalid_argument{"battery " + spec.name + ": packs=" + std::to_string(packs) + " is not in 1.." +
                                    std::to_string(most)};
    return packs;
}

// What the captures show: idle with the backup output on is 6 on a D; an A under control reads 4.
int state_of(const Battery& battery, bool grid) {
    const bool backup_on = battery.firmware().settings().backup_off == 0;
    if (!grid) return backup_on ? backup : standby;
    const Watts power = battery.plant().register_power();
    if (power.value > 1) return charging;
    if (power.value < -1) return discharging;
    if (!backup_on) return standby;
    return battery.model().name == "VNSA-0" && battery.firmware().controlled() ? backup : bypass;
}

} // namespace

void EnergyCounters::take(KilowattHours charge, KilowattHours discharge, double second) {
    const bool midnight = std::floor(second / 86400) != std::floor(last_second / 86400);
    const bool month = std::floor(second / 86400 / 30) != std::floor(last_second / 86400 / 30);
    last_second = second;
    for (auto* counters : {&charged, &discharged}) {
        if (midnight) (*counters)[1] = {};
        if (month) (*counters)[2] = {};
    }
    for (auto& counter : charged) counter += charge - seen_charge;
    for (auto& counter : discharged) counter += discharge - seen_discharge;
    seen_charge = charge;
    seen_discharge = discharge;
}

Battery::Battery(const BatterySpec& spec, int number, std::uint64_t seed, TimePoint now)
    : spec_{spec}, model_{device_model(spec.model)}, preset_{plant_preset(spec.plant)}, number_{number}, random_{seed},
      plant_{model_, preset_, packs_of(spec, model_), spec.soc}, firmware_{model_}, faults_{now}, now_{now} {
    firmware_.settings().unit = static_cast<std::uint16_t>(spec.unit);
    firmware_.settings().work_mode = spec.ct ? 1 : 0;
    clear_fault(Fault::bad_exception_length, now);
    clear_fault(Fault::reconnect_drops_control, now);
    for (const auto& [fault, value] : spec.faults) set_fault(fault, value, now);
    since_refresh_ = random_.between(0, preset_.telemetry);
    refresh({.now = now});
    counted_ = seen_;
}

void Battery::set_fault(Fault fault, double value, TimePoint now) {
    faults_.set(fault, value, now);
    if (fault == Fault::reboot && value > 0) firmware_.reboot();
    if (fault == Fault::control_lost && value > 0) firmware_.lose_control();
    if (fault == Fault::control_stuck) {
        firmware_.stick(value > 0);
        if (value > 0) firmware_.lose_control();
    }
}

bool Battery::is_native() const {
    return model_.family == Family::v3 && spec_.gateway.empty() && spec_.framing == Framing::tcp;
}

void Battery::clear_fault(Fault fault, TimePoint now) {
    const bool inborn = fault == Fault::bad_exception_length || fault == Fault::reconnect_drops_control;
    set_fault(fault, inborn && is_native() ? 1 : fault_row(fault).initial, now);
}

void Battery::restart() { set_fault(Fault::reboot, restart_seconds, now_); }

void Battery::notice(TimePoint now) {
    now_ = now;
    const auto drop = faults_.last(Fault::control_dropped_every, faults_.value(Fault::control_dropped_every), now);
    if (!drop || *drop == drop_seen_) return;
    drop_seen_ = *drop;
    firmware_.lose_control();
}

void Battery::set_soc(double soc) {
    if (!within(soc, 0, 100))
        throw std::invalid_argument{"soc " + std::to_string(soc) + " of " + spec_.name + " is not in 0..100 %"};
    plant_.set_soc(soc);
    since_refresh_ = preset_.telemetry; // seen at the next step
}

void Battery::new_connection() {
    firmware_.stick(false);
    if (faults_.on(Fault::reconnect_drops_control)) firmware_.lose_control();
}

PlantInputs Battery::inputs(double seconds, const Surroundings& around) {
    const bool grid = around.grid && !faults_.on(Fault::grid_loss);
    const Settings& settings = firmware_.settings();
    Watts wanted = firmware_.set_point(
        {.soc = plant_.packs().soc(), .meter = around.meter, .ct = spec_.ct, .seconds = around.seconds}, seconds);
    if (faults_.on(Fault::opposite_sign)) wanted = -wanted;
    if (faults_.on(Fault::ignores_set_points)) wanted = {};
    return {.set_point = wanted,
            .grid = grid,
            .off = is_off(around.now),
            .controlled = firmware_.controlled(),
            .backup_on = settings.backup_off == 0,
            .backup_load = {spec_.backup_watts},
            .solar = around.solar,
            .allowed = {.charge = firmware_.most_charge(),
                        .discharge = firmware_.most_discharge(),
                        .full = settings.charge_cutoff / 10.0,
                        .floor = settings.discharge_cutoff / 10.0,
                        .refuses_below = faults_.value(Fault::refuses_below)}};
}

void Battery::step(double seconds, const Surroundings& around) {
    notice(around.now);
    plant_.step(seconds, inputs(seconds, around));
    lagged_ += (plant_.register_power() - lagged_) * (1 - std::exp(-seconds / lag));
    const EnergyBook& book = plant_.book();
    energy_.take({book.counted_charge.value / 1000}, {book.counted_discharge.value / 1000}, around.seconds);
    since_refresh_ += seconds;
    if (since_refresh_ < preset_.telemetry) return;
    since_refresh_ = 0;
    refresh(around);
}

void Battery::refresh(const Surroundings& around) {
    const bool grid = around.grid && !faults_.on(Fault::grid_loss);
    const bool working = plant_.inverter().relay_closed();
    const bool backup_live = firmware_.settings().backup_off == 0;
    const double shaky = working ? noise : 0;
    const Packs& packs = plant_.packs();
    seen_ = {.soc = std::clamp(packs.soc(), 0.0, 100.0),
             .ac = working ? lagged_ + Watts{random_.between(-shaky, shaky)} : Watts{},
             .dc = plant_.dc_power() + Watts{random_.between(-shaky, shaky)},
             .solar = plant_.solar_power(),
             .backup = plant_.backup_power(),
             .grid_voltage = {grid ? 231 + plant_.register_power().value * -0.0004 + random_.between(-.4, .4) : 0},
             .backup_voltage = {backup_live ? 230 + random_.between(-.2, .2) : 0.5},
             .frequency = {grid ? 50 + random_.between(-.02, .02) : 0},
             .state = state_of(*this, grid),
             .full = plant_.full(),
             .empty = plant_.empty(),
             .celsius = plant_.celsius(),
             .cell_celsius = cell_room + (plant_.celsius() - cell_room) * 0.2,
             .packs = packs.all(),
             .active = packs.active(),
             .energy = energy_};
    if (!faults_.on(Fault::frozen_totals)) counted_ = seen_;
}

} // namespace vbat::sim
