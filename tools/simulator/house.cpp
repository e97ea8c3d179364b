#include "tools/simulator/house.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>

namespace vbat::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto step_time = 100ms;
constexpr double step_seconds = 0.1;

std::unique_ptr<ModbusDevice> device_of(const BatterySpec& spec, int number, std::uint64_t seed, TimePoint now) {
    if (spec.name.empty()) throw std::invalid_argument{"a battery needs a name"};
    if (!within(spec.soc, 0, 100))
        throw std::invalid_argument{"battery " + spec.name + ": soc=" + std::to_string(spec.soc) +
                                    " is not in 0..100 %"};
    if (spec.unit < 1 || spec.unit > 247)
        throw std::invalid_argument{"battery " + spec.name + ": unit=" + std::to_string(spec.unit) +
                                    " is not in 1..247"};
    return std::make_unique<ModbusDevice>(spec, number, seed + static_cast<std::uint64_t>(number) * 7919, now);
}

} // namespace

House::House(const HouseSpec& spec, TimePoint now)
    : seed_{spec.seed}, start_second_{spec.start_hour * 3600},
      load_source_{power_source(spec.load, "load_w", spec.seed)}, solar_source_{
                                                                      power_source(spec.solar, "pv_w", spec.seed)} {
    if (!within(spec.start_hour, 0, 24))
        throw std::invalid_argument{"start hour " + std::to_string(spec.start_hour) + " is not in 0..24"};
    for (const BatterySpec& battery : spec.batteries) {
        const auto same = [&](const auto& device) { return device->battery().spec().name == battery.name; };
        if (std::any_of(devices_.begin(), devices_.end(), same))
            throw std::invalid_argument{"two batteries are named " + battery.name};
        devices_.push_back(device_of(battery, static_cast<int>(devices_.size()) + 1, spec.seed, now));
        solar_of_devices_.push_back(power_source(battery.solar, "pv_w", spec.seed));
    }
    balance();
}

double House::seconds() const { return static_cast<double>(steps_) * step_seconds; }

void House::advance(Duration duration, TimePoint now) {
    pending_ += duration;
    for (; pending_ >= step_time; pending_ -= step_time) step(now);
}

// Without the grid nothing in the house runs but the backup outputs.
void House::balance() {
    const double clock = start_second_ + seconds();
    const double second_of_day = std::fmod(clock, 86400.0);
    load_ = {has_grid_ ? load_source_.at(second_of_day, seconds()) : 0};
    solar_ = {has_grid_ ? solar_source_.at(second_of_day, seconds()) : 0};
    grid_ = load_ - solar_;
    for (const auto& device : devices_)
        grid_ += device->battery().plant().ac_power() + device->battery().plant().backup_from_grid();
}

void House::step(TimePoint now) {
    const double clock = start_second_ + seconds();
    for (std::size_t i = 0; i < devices_.size(); ++i) {
        devices_[i]->battery().step(step_seconds,
                                    {.grid = has_grid_,
                                     .meter = grid_,
                                     .seconds = clock,
                                     .solar = {solar_of_devices_[i].at(std::fmod(clock, 86400.0), seconds())},
                                     .now = now});
    }
    ++steps_;
    balance();
    const auto count = [](WattHours& book, Watts power) { book += WattHours{power.value * step_seconds / 3600}; };
    count(book_.load, load_);
    count(book_.solar, solar_);
    count(grid_.value >= 0 ? book_.imported : book_.exported, grid_.value >= 0 ? grid_ : -grid_);
    if (each_step_) each_step_();
}

ModbusDevice& House::device(std::string_view name) {
    std::string all;
    for (const auto& device : devices_) {
        if (device->battery().spec().name == name) return *device;
        all += (all.empty() ? "" : ", ") + device->battery().spec().name;
    }
    throw std::invalid_argument{"battery '" + std::string{name} + "' is unknown; there are " + all};
}

} // namespace vbat::sim
