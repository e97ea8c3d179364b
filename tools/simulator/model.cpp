#include "tools/simulator/model.hpp"

#include <array>
#include <stdexcept>

namespace vbat::sim {
namespace {

constexpr std::array<CurvePoint, 6> taper_e{
    {{94.9, 2500}, {95, 1500}, {96, 1200}, {98.9, 1200}, {99, 1000}, {100, 900}}};
constexpr std::array<CurvePoint, 4> taper_d{{{89.9, 2500}, {90, 1250}, {94.9, 1250}, {95, 490}}};

constexpr std::array models{
    DeviceModel{
        "v12-e", Family::v12, "HMG-50", 155, 1, 0, 16, {5120}, {2500}, {2500}, {2500}, 11, taper_e, false, false},
    DeviceModel{
        "v3-e3", Family::v3, "VNSE3-0", 147, 1, 1, 16, {5120}, {2500}, {2500}, {2500}, 12, taper_e, false, false},
    DeviceModel{"v3-a", Family::v3, "VNSA-0", 148, 1, 6, 13, {2080}, {1450}, {1450}, {1450}, 12, taper_d, true, true},
    DeviceModel{"v3-d", Family::v3, "VNSD-0", 150, 2, 7, 16, {2560}, {2200}, {2500}, {2500}, 12, taper_d, true, true},
    DeviceModel{"v3-c", Family::v3, "VNSC-0", 147, 1, 0, 16, {2560}, {2500}, {2500}, {2500}, 12, taper_e, false, false},
};

constexpr std::array presets{
    PlantPreset{"nom", 1.0, 600, 2, 0.4, 1},
    PlantPreset{"fast", 0.5, 1200, 1, 0.3, 1},
    PlantPreset{"slow", 2.5, 350, 3, 0.8, 2},
    PlantPreset{"api", 10, 150, 3, 0.8, 2},
};

template <class Rows, class Matches>
const auto& pick(const Rows& rows, std::string_view what, std::string_view wanted, Matches matches) {
    std::string all;
    for (const auto& row : rows) {
        if (matches(row)) return row;
        all += (all.empty() ? "" : ", ") + std::string{row.id};
    }
    throw std::invalid_argument{std::string{what} + " '" + std::string{wanted} + "' is unknown; there are " + all};
}

} // namespace

std::span<const DeviceModel> device_models() { return models; }

const DeviceModel& device_model(std::string_view id) {
    return pick(models, "model", id, [id](const DeviceModel& model) {
        return model.id == id || model.id.substr(model.id.find('-') + 1) == id;
    });
}

const PlantPreset& plant_preset(std::string_view id) {
    return pick(presets, "plant", id, [id](const PlantPreset& preset) { return preset.id == id; });
}

} // namespace vbat::sim
