#include "tools/simulator/firmware.hpp"

#include <algorithm>
#include <cmath>

namespace vbat::sim {
namespace {

constexpr double look_period = 0.8; // s, of its own control loop
constexpr double dead_band = 30;    // W
constexpr double own_gain = 0.2;    // a share of the error at each look: slow on purpose
constexpr double reached = 0.05;    // %, to a SoC
constexpr std::uint16_t restricted_watts = 800;
constexpr std::int16_t self_consumption = -1;

Watts watts(std::uint16_t value) { return {static_cast<double>(value)}; }

bool holds(const ScheduleSlot& slot, double seconds) {
    const int day = static_cast<int>(seconds / 86400) % 7;
    const int minutes = static_cast<int>(std::fmod(seconds, 86400.0)) / 60;
    const int clock = minutes / 60 * 100 + minutes % 60;
    return slot.enabled != 0 && ((slot.days >> day) & 1) != 0 && clock >= slot.start && clock < slot.end;
}

} // namespace

Firmware::Firmware(const DeviceModel& model) : model_{model} {
    settings_.backup_off = model.backup ? 0 : 1;
    settings_.discharge_cutoff = static_cast<std::uint16_t>(model.floor * 10);
    if (model.family == Family::v12) settings_.max_charge = settings_.max_discharge = 2500;
}

void Firmware::reboot() {
    orders_ = {};
    own_target_ = obeyed_ = {};
    if (model_.family == Family::v3) settings_.slots = {}; // written by Modbus they stand in RAM
}

// V3 keeps the work mode and RS485 control in one byte.
void Firmware::write_work_mode(std::uint16_t mode) {
    settings_.work_mode = mode;
    if (model_.family == Family::v3) lose_control();
}

void Firmware::write_max_charge(std::uint16_t value) {
    settings_.max_charge = value;
    settings_.max_charge_written = true;
}

void Firmware::write_max_discharge(std::uint16_t value) {
    settings_.max_discharge = value;
    settings_.max_discharge_written = true;
}

std::uint16_t Firmware::work_mode_read() const {
    if (model_.family == Family::v3 && orders_.control) return 1;
    return settings_.work_mode == 2 ? 1 : settings_.work_mode;
}

// On V3 a limit that was never written is the model's; 0, once written, blocks the direction.
Watts Firmware::most_charge() const {
    const bool set = model_.family == Family::v12 || settings_.max_charge_written;
    return set ? watts(settings_.max_charge) : model_.max_charge;
}

Watts Firmware::most_discharge() const {
    const bool set = model_.family == Family::v12 || settings_.max_discharge_written;
    const Watts most = set ? watts(settings_.max_discharge) : model_.max_discharge;
    return settings_.restricted != 0 ? std::min(most, watts(restricted_watts)) : most;
}

Watts Firmware::set_point(const Senses& senses, double passed) {
    if (orders_.control) {
        own_target_ = {};
        return by_order(senses);
    }
    obeyed_ = {};
    if (settings_.work_mode == 0) return by_schedule(senses, passed);
    return settings_.work_mode == 1 ? by_meter(senses, passed) : Watts{};
}

Watts Firmware::by_order(const Senses& senses) {
    if (orders_.force == 1) return obeyed(watts(orders_.charge));
    if (orders_.force == 2) return obeyed(-watts(orders_.discharge));
    if (orders_.force != 3) return obeyed({});
    if (std::abs(senses.soc - orders_.to_soc) < reached) {
        orders_.force = 0;
        return obeyed({});
    }
    return obeyed(senses.soc < orders_.to_soc ? watts(orders_.charge) : -watts(orders_.discharge));
}

Watts Firmware::obeyed(Watts wanted) {
    if (std::abs(wanted.value) <= model_.takes_at_most.value) obeyed_ = wanted;
    return obeyed_;
}

Watts Firmware::by_schedule(const Senses& senses, double passed) {
    for (const ScheduleSlot& slot : settings_.slots) {
        if (!holds(slot, senses.seconds)) continue;
        if (model_.family == Family::v3 && slot.power == self_consumption) return by_meter(senses, passed);
        return {-static_cast<double>(slot.power)};
    }
    return {};
}

Watts Firmware::by_meter(const Senses& senses, double passed) {
    if (!senses.ct) return {};
    since_look_ += passed;
    if (since_look_ < look_period) return own_target_;
    since_look_ = 0;
    if (std::abs(senses.meter.value) > dead_band)
        own_target_ = {std::clamp(own_target_.value - own_gain * senses.meter.value, -most_discharge().value,
                                  most_charge().value)};
    if (std::abs(own_target_.value) < dead_band) return {};
    return own_target_;
}

} // namespace vbat::sim
