#include "core/monitor_choice.hpp"

#include <algorithm>
#include <tuple>

namespace vbat {

const MonitorCandidate& monitor_choice(std::span<const MonitorCandidate> candidates) {
    const auto rank = [](const MonitorCandidate& candidate) {
        const bool parallel_bms = candidate.service.starts_with("com.victronenergy.battery.lynxparallel");
        return std::tuple{!candidate.has_charge_voltage_path, !parallel_bms, candidate.instance};
    };
    return *std::ranges::min_element(candidates, {}, rank);
}

} // namespace vbat
