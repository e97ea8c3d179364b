#include "device/catalogue.hpp"

#include "device/models/marstek_v12.hpp"
#include "device/models/marstek_v3.hpp"

namespace vbat {
namespace {

// In each family the first is what `model = auto` means when the device does not say more.
constexpr const ModbusModel* models[] = {
    &marstek::v12::e, &marstek::v12::c, &marstek::v3::e3, &marstek::v3::a, &marstek::v3::d, &marstek::v3::c,
};

} // namespace

bool calls_itself(const ModbusModel& model, std::string_view name) {
    return std::any_of(model.names.begin(), model.names.end(),
                       [&](std::string_view begin) { return name.substr(0, begin.size()) == begin; });
}

std::span<const ModbusModel* const> modbus_models() { return models; }

const ModbusModel* model_named(std::string_view reply_of_31000) {
    for (const ModbusModel* model : models)
        if (calls_itself(*model, reply_of_31000)) return model;
    return nullptr;
}

const ModbusModel* model_of(std::string_view family, std::string_view variant) {
    for (const ModbusModel* model : models)
        if (model->family == family && (variant == "auto" || model->variant == variant)) return model;
    return nullptr;
}

} // namespace vbat
