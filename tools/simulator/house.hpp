#pragma once

#include "tools/simulator/pdu.hpp"
#include "tools/simulator/source.hpp"

#include <functional>

namespace vbat::sim {

struct HouseSpec {
    std::uint64_t seed{1};
    std::string load{"constant:500"};
    std::string solar{"constant:0"};
    double start_hour{8}; // of a Monday
    std::vector<BatterySpec> batteries{};
};

// Since the start; at the grid connection.
struct HouseBook {
    WattHours load{};
    WattHours solar{};
    WattHours imported{};
    WattHours exported{};
};

// Everything behind one grid connection. Steps of 100 ms; the same seed gives the same house.
class House {
public:
    House(const HouseSpec& spec, TimePoint now);

    void advance(Duration duration, TimePoint now); // `now`: of the lines, for faults that last

    Watts load() const { return load_; }
    Watts solar() const { return solar_; }
    Watts grid() const { return grid_; } // + imports
    bool has_grid() const { return has_grid_; }
    void set_grid(bool present) { has_grid_ = present; }
    void set_load(const PowerSource& source) { load_source_ = source; }
    void set_solar(const PowerSource& source) { solar_source_ = source; }
    std::uint64_t seed() const { return seed_; }
    double seconds() const; // since the start
    void observe(std::function<void()> each_step) {
        each_step_ = std::move(each_step);
    } // for who wants the whole truth
    const HouseBook& book() const { return book_; }
    std::vector<std::unique_ptr<ModbusDevice>>& devices() { return devices_; }
    const std::vector<std::unique_ptr<ModbusDevice>>& devices() const { return devices_; }
    ModbusDevice& device(std::string_view name); // throws std::invalid_argument that names all

private:
    void step(TimePoint now);
    void balance();

    std::uint64_t seed_;
    double start_second_;
    PowerSource load_source_;
    PowerSource solar_source_;
    std::vector<std::unique_ptr<ModbusDevice>> devices_{};
    std::vector<PowerSource> solar_of_devices_{};
    std::function<void()> each_step_{};
    std::int64_t steps_{};
    Duration pending_{};
    bool has_grid_{true};
    Watts load_{};
    Watts solar_{};
    Watts grid_{};
    HouseBook book_{};
};

} // namespace vbat::sim
