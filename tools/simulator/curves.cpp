#include "tools/simulator/curves.hpp"

#include <algorithm>
#include <array>

namespace vbat::sim {
namespace {

// What the meter at the wall showed above the device's own figure.
constexpr std::array<CurvePoint, 6> wall_excess_charging{
    {{0, 0}, {63, 5}, {125, 11}, {250, 12}, {500, 13}, {2491, 76}}};
constexpr std::array<CurvePoint, 7> wall_deficit_discharging{
    {{0, 0}, {63, 3}, {125, 7}, {250, 7}, {500, 6}, {1000, 0}, {2500, -1}}};

// W at the wall -> efficiency, as published; turned into watts lost below, because a loss is defined at 0 W too.
constexpr std::array<CurvePoint, 10> charge_efficiency{{{68, .603},
                                                        {136, .772},
                                                        {262, .885},
                                                        {388, .922},
                                                        {513, .938},
                                                        {771, .949},
                                                        {1029, .955},
                                                        {1545, .954},
                                                        {2060, .950},
                                                        {2567, .944}}};
constexpr std::array<CurvePoint, 11> discharge_efficiency{{{60, .750},
                                                           {118, .738},
                                                           {243, .856},
                                                           {369, .885},
                                                           {494, .898},
                                                           {747, .909},
                                                           {1000, .912},
                                                           {1250, .910},
                                                           {1500, .909},
                                                           {2000, .901},
                                                           {2501, .893}}};
constexpr double engaged_at_zero = 20; // W

template <std::size_t N, class Loss>
constexpr auto losses(const std::array<CurvePoint, N>& efficiency, Loss loss) {
    std::array<CurvePoint, N + 1> curve{{{0, engaged_at_zero}}};
    for (std::size_t i = 0; i < N; ++i) curve[i + 1] = {efficiency[i].x, loss(efficiency[i].x, efficiency[i].y)};
    return curve;
}
constexpr auto charge_loss = losses(charge_efficiency, [](double wall, double part) { return wall * (1 - part); });
constexpr auto discharge_loss =
    losses(discharge_efficiency, [](double wall, double part) { return wall * (1 / part - 1); });

constexpr std::array<CurvePoint, 12> lfp_at_rest{{{0, 2.80},
                                                  {5, 3.10},
                                                  {10, 3.20},
                                                  {20, 3.25},
                                                  {35, 3.27},
                                                  {50, 3.29},
                                                  {65, 3.31},
                                                  {72, 3.335},
                                                  {90, 3.34},
                                                  {95, 3.36},
                                                  {98, 3.40},
                                                  {100, 3.50}}};

} // namespace

double interpolate(std::span<const CurvePoint> curve, double x) {
    const auto above = std::find_if(curve.begin(), curve.end(), [x](const CurvePoint& point) { return point.x >= x; });
    if (above == curve.begin()) return curve.front().y;
    if (above == curve.end()) return curve.back().y;
    const CurvePoint& below = *std::prev(above);
    return below.y + (above->y - below.y) * (x - below.x) / (above->x - below.x);
}

Watts wall_power(Watts register_power) {
    const double p = register_power.value;
    if (p >= 0) return {p + interpolate(wall_excess_charging, p)};
    return {p + interpolate(wall_deficit_discharging, -p)};
}

Watts conversion_loss(Watts wall) {
    if (wall.value >= 0) return {interpolate(charge_loss, wall.value)};
    return {interpolate(discharge_loss, -wall.value)};
}

double cell_voltage_at_rest(double soc) { return interpolate(lfp_at_rest, soc); }

} // namespace vbat::sim
