#pragma once

#include "tools/simulator/simulation.hpp"

#include <optional>

namespace vbat::sim {

struct Options {
    SimulationSpec simulation{};
    int control_port{};
    std::string address{"127.0.0.1"}; // of the batteries' ports
};

struct Usage {
    std::string text{};
    int exit_code{};
};

struct ParsedOptions {
    Options options{};
    std::optional<Usage> usage{}; // print it and end
};

ParsedOptions parse_options(int argc, const char* const* argv);
BatterySpec battery_spec(const std::string& words); // name=garage,model=e3,...; throws std::invalid_argument

} // namespace vbat::sim
