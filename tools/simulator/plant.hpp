#pragma once

#include "tools/simulator/inverter.hpp"
#include "tools/simulator/packs.hpp"
#include "tools/simulator/random.hpp"

namespace vbat::sim {

// What the settings and the faults of a device allow at this moment.
struct Allowance {
    Watts charge{};
    Watts discharge{};
    double full{100};       // %, charging ends
    double floor{};         // %, discharge ends
    double refuses_below{}; // %, discharge does not begin
};

// What surrounds it. Powers are as an ideal meter at the plug sees them.
struct PlantInputs {
    Watts set_point{}; // + charges
    bool grid{true};
    bool off{};        // rebooting
    bool controlled{}; // the electronics stay awake
    bool backup_on{};  // the backup output is enabled
    Watts backup_load{};
    Watts solar{}; // offered by the panels on the DC side
    Allowance allowed{};
};

// Since the start, at the plug unless it says otherwise.
struct EnergyBook {
    WattHours charged{};
    WattHours discharged{};
    WattHours counted_charge{}; // by the device's own meter
    WattHours counted_discharge{};
    WattHours solar{};
    WattHours backup_delivered{}; // from the grid or the cells
    WattHours lost{};             // conversion, standby
};

// One battery as physics. Knows nothing about registers.
class BatteryPlant {
public:
    BatteryPlant(const DeviceModel& model, const PlantPreset& preset, int packs, double soc)
        : model_{model}, inverter_{preset}, packs_{model, packs, soc} {}

    void step(double seconds, const PlantInputs& inputs);
    void set_soc(double soc) { packs_.set_soc(soc); }

    Watts register_power() const { return inverter_.power(); } // + charges; the device's own figure
    Watts ac_power() const { return ac_; }                     // + charges; at the plug, without the backup load
    Watts dc_power() const { return dc_; }                     // + charges; into the cells
    Watts solar_power() const { return solar_; }
    Watts backup_power() const { return backup_; } // delivered, from wherever
    Watts backup_from_grid() const { return backup_from_grid_; }
    bool full() const { return full_; }
    bool empty() const { return empty_; }
    double celsius() const { return celsius_; } // of the electronics
    const Inverter& inverter() const { return inverter_; }
    const Packs& packs() const { return packs_; }
    const EnergyBook& book() const { return book_; }

private:
    void judge(const Allowance& allowed);
    Watts charge_limit(const Allowance& allowed) const;
    Watts discharge_limit(const Allowance& allowed) const;
    void feed_backup(const PlantInputs& inputs);
    Watts own_need(const PlantInputs& inputs) const;
    void count(double seconds);

    const DeviceModel& model_;
    Inverter inverter_;
    Packs packs_;
    Watts ac_{};
    Watts dc_{};
    Watts solar_{};
    Watts backup_{};
    Watts backup_from_grid_{};
    Watts lost_{};
    bool full_{};
    bool empty_{};
    double celsius_{24};
    EnergyBook book_{};
};

} // namespace vbat::sim
