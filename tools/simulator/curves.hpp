#pragma once

#include "core/quantity.hpp"

#include <span>

namespace vbat::sim {

struct CurvePoint {
    double x{};
    double y{};
};

// False also for what is no number.
constexpr bool within(double value, double least, double most) { return value >= least && value <= most; }

double interpolate(std::span<const CurvePoint> curve, double x); // flat beyond both ends

// Measured on a Venus E (README, "Losses"). Powers are + when they charge.
Watts wall_power(Watts register_power);     // what an external meter sees when the device reads `register_power`
Watts conversion_loss(Watts wall);          // between the plug and the cells while the inverter is engaged
double cell_voltage_at_rest(double soc);    // LFP, V
inline constexpr double cell_ohms = 0.0025; // from 54.84 V at 38 A against 53.4 V at rest

} // namespace vbat::sim
