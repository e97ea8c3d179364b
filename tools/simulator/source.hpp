#pragma once

#include <cstdint>
#include <functional>
#include <string_view>

namespace vbat::sim {

// Watts over time: the second of the day for profiles, the second since the start for traces.
struct PowerSource {
    std::function<double(double second_of_day, double second_since_start)> at{};
};

// constant:W | profile:NAME[:W] | csv:FILE. `column` of a file is load_w or pv_w; profiles are those of that column.
// Throws std::invalid_argument or std::runtime_error that says what was wrong and what there is.
PowerSource power_source(std::string_view text, std::string_view column, std::uint64_t seed);

} // namespace vbat::sim
