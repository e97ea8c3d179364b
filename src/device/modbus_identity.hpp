#pragma once

#include "device/modbus_battery.hpp"

namespace vbat {

// How a device is asked what it is (docs/protocols/marstek-modbus.md, Detection).
inline constexpr Block name_block{31000, 10};
inline constexpr Block version_block{30200, 1}; // only if the name says nothing: it may cost the connection

struct Finding {
    const ModbusModel* model = nullptr;
    bool is_named = false; // the device said a name we know
    std::string problem{}; // what a person must know or mend; with or without a model
    bool ask_version = false;
};

Finding identify_by_name(const ModbusBatterySetup& setup, const std::string& name);
Finding identify_by_version(const ModbusBatterySetup& setup, const std::string& name, std::uint16_t version);

} // namespace vbat
