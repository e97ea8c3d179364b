#pragma once

#include <span>
#include <string>

namespace vbat {

// A battery service as systemcalc's automatic choice of the battery monitor sees it.
struct MonitorCandidate {
    std::string service{};
    int instance{};
    bool has_charge_voltage_path{}; // /Info/MaxChargeVoltage exists, valid or not
};

// Which one it takes (docs/protocols/venus-dbus.md, AC-coupled storage). `candidates` is not empty.
const MonitorCandidate& monitor_choice(std::span<const MonitorCandidate> candidates);

} // namespace vbat
