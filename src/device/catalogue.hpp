#pragma once

#include "device/modbus_model.hpp"

#include <span>
#include <string_view>

namespace vbat {

std::span<const ModbusModel* const> modbus_models();

bool calls_itself(const ModbusModel& model, std::string_view reply_of_31000);

// The model a device says it is; nullptr: not a name we know.
const ModbusModel* model_named(std::string_view reply_of_31000);

// The model of a family ("v12", "v3") and variant ("e3", ...; "auto": the family's first); nullptr: there is none.
const ModbusModel* model_of(std::string_view family, std::string_view variant);

} // namespace vbat
