#pragma once

#include "tools/simulator/packs.hpp"

#include <array>
#include <vector>

namespace vbat::sim {

struct BatterySpec;
class BatteryPlant;
class Firmware;

// In and out, as the device counts them: total, day, month.
struct EnergyCounters {
    // An old device: its totals need both words.
    std::array<KilowattHours, 3> charged{{{700.0}, {}, {}}};
    std::array<KilowattHours, 3> discharged{{{630.0}, {}, {}}};
    KilowattHours seen_charge{}; // of the plant's book, already in here
    KilowattHours seen_discharge{};
    double last_second{}; // since Monday 00:00

    void take(KilowattHours charge, KilowattHours discharge, double second);
};

// What a device has measured at its last refresh. + charges.
struct Telemetry {
    double soc{};
    Watts ac{};
    Watts dc{};
    Watts solar{};
    Watts backup{};
    Volts grid_voltage{};
    Volts backup_voltage{};
    Hertz frequency{};
    int state{1}; // as register 35100
    bool full{};
    bool empty{};
    double celsius{};
    double cell_celsius{};
    std::vector<Pack> packs{};
    std::size_t active{};
    EnergyCounters energy{};
};

} // namespace vbat::sim
