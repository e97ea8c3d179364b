#pragma once

#include "tools/simulator/curves.hpp"

#include <string>
#include <string_view>

namespace vbat::sim {

enum class Family { v12, v3 };

// One kind of battery as it left the factory.
struct DeviceModel {
    std::string_view id{}; // "v3-e3"; without the family it is understood too
    Family family{};
    std::string_view name{}; // register 31000
    int firmware{};
    int packs{};
    int most_packs{}; // that have registers; 0: no pack registers at all
    int cells{};      // of a pack, in series
    WattHours pack_capacity{};
    Watts max_charge{};
    Watts max_discharge{};
    Watts takes_at_most{};               // a set-point above is acknowledged and then ignored
    double floor{};                      // %, discharge ends here
    std::span<const CurvePoint> taper{}; // SoC % -> W of charge
    bool solar{};                        // panels on the DC side
    bool backup{};                       // backup output on when delivered
};

// How fast the power follows a set-point.
struct PlantPreset {
    std::string_view id{};
    double dead{};      // s, until a set-point begins to matter
    double slew{};      // W/s
    double start{};     // s, until the relay has closed
    double tail{};      // s, time constant of the last part
    double telemetry{}; // s, between two refreshes of the registers
};

std::span<const DeviceModel> device_models();
const DeviceModel& device_model(std::string_view id); // throws std::invalid_argument that names all there are
const PlantPreset& plant_preset(std::string_view id); // the same

} // namespace vbat::sim
