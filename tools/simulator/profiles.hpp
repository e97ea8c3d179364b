#pragma once

#include "tools/simulator/curves.hpp"

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace vbat::sim {

// Watts for each second of a day.
std::vector<double> household_day(std::uint64_t seed);
std::vector<double> solar_day(std::uint64_t seed, double peak_watts, bool clouds);

// One column of a file t_s,load_w,pv_w with lines of # as comments; interpolated, its ends hold.
struct Trace {
    std::vector<CurvePoint> points{};

    double at(double second) const { return interpolate(points, second); }
};
Trace read_trace(const std::string& path, std::string_view column); // throws std::runtime_error

} // namespace vbat::sim
