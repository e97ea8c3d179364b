#pragma once

#include "core/battery_message.hpp"

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vbat {

// The JSON of dbus-mqtt-battery 1.0.12 and the JsonData of dbus-serialbattery (docs/protocols/mqtt-json.md). Signs as
// on the Victron bus; charge that was drawn is accepted with either sign.
struct DecodedJson {
    struct Problem {
        std::string key; // as the sender would write it: Dc.Voltage; empty: the whole message
        std::string what;
    };
    std::optional<BatteryMessage> message{}; // absent: refused, because its minimum is not there
    std::vector<Problem> problems{};         // keys that were not taken, and why
};

DecodedJson decode_battery_json(std::string_view payload);

} // namespace vbat
