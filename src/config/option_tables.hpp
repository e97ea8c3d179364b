#pragma once

#include "config/draft.hpp"
#include "config/option.hpp"

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace vbat {

// Every key this program knows is one row of one of these tables.
std::span<const Option<DefaultKeys>> default_options();
std::span<const Option<TimeToGoKeys>> time_to_go_options();
std::span<const Option<BrokerKeys>> broker_options();   // of [MQTT], and of a battery that has another broker
std::span<const Option<BatteryKeys>> member_options();  // of [MQTT] and of [battery NAME]
std::span<const Option<BatteryKeys>> battery_options(); // of [battery NAME] alone
std::span<const Option<ModbusKeys>> modbus_options();   // of [battery NAME] with type = marstek-modbus

// The rows of all tables once more, as text: for unknown keys, and for the test that compares them with the sample.
struct KnownKey {
    std::string_view section{};
    std::string_view key{};
    std::string range{};
    std::string_view fallback{};
};
inline constexpr std::string_view battery_section = "battery NAME";
const std::vector<KnownKey>& known_keys();

} // namespace vbat
