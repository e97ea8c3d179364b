#pragma once

#include <compare>

namespace vbat {

// One double with its unit in the type. Adding Watts to Amps does not compile; costs nothing at run time.
template <class Unit>
struct Quantity {
    double value{};

    friend constexpr auto operator<=>(Quantity, Quantity) = default;
    friend constexpr Quantity operator+(Quantity a, Quantity b) { return {a.value + b.value}; }
    friend constexpr Quantity operator-(Quantity a, Quantity b) { return {a.value - b.value}; }
    friend constexpr Quantity operator-(Quantity a) { return {-a.value}; }
    friend constexpr Quantity operator*(Quantity a, double k) { return {a.value * k}; }
    friend constexpr Quantity operator/(Quantity a, double k) { return {a.value / k}; }
    friend constexpr double operator/(Quantity a, Quantity b) { return a.value / b.value; }
    constexpr Quantity& operator+=(Quantity other) {
        value += other.value;
        return *this;
    }
};

using Volts = Quantity<struct VoltUnit>;
using Amps = Quantity<struct AmpUnit>;   // positive charges the battery, as on the Victron bus
using Watts = Quantity<struct WattUnit>; // positive charges the battery / imports from the grid
using WattHours = Quantity<struct WattHourUnit>;
using KilowattHours = Quantity<struct KilowattHourUnit>;
using AmpereHours = Quantity<struct AmpereHourUnit>;
using Percent = Quantity<struct PercentUnit>; // 0..100
using Hertz = Quantity<struct HertzUnit>;
using Celsius = Quantity<struct CelsiusUnit>;
using Seconds = Quantity<struct SecondUnit>; // a measured or predicted span that is published as a number

constexpr Watts operator*(Volts u, Amps i) { return {u.value * i.value}; }
constexpr WattHours operator*(Volts u, AmpereHours q) { return {u.value * q.value}; }
constexpr AmpereHours operator/(WattHours e, Volts u) { return {e.value / u.value}; }

inline namespace literals {
constexpr Volts operator""_V(long double x) { return {static_cast<double>(x)}; }
constexpr Amps operator""_A(long double x) { return {static_cast<double>(x)}; }
constexpr Watts operator""_W(long double x) { return {static_cast<double>(x)}; }
constexpr Watts operator""_W(unsigned long long x) { return {static_cast<double>(x)}; }
constexpr WattHours operator""_Wh(unsigned long long x) { return {static_cast<double>(x)}; }
constexpr AmpereHours operator""_Ah(unsigned long long x) { return {static_cast<double>(x)}; }
constexpr Percent operator""_pct(unsigned long long x) { return {static_cast<double>(x)}; }
} // namespace literals

} // namespace vbat
