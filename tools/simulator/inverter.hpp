#pragma once

#include "tools/simulator/model.hpp"

#include <deque>

namespace vbat::sim {

// From the set-point to the power: dead time, limits, relay, slew, first-order tail. Power is the device's own figure,
// + charges.
class Inverter {
public:
    explicit Inverter(const PlantPreset& preset) : preset_{preset} {}

    void order(Watts set_point); // takes effect after the dead time; the last one stands for ever
    void step(double seconds, Watts most_charge, Watts most_discharge);
    void trip(); // off at once, and what was on its way is forgotten

    Watts power() const { return power_; }
    bool relay_closed() const { return relay_closed_; }
    int relay_cycles() const { return relay_cycles_; }

private:
    struct Pending {
        double due{};
        Watts set_point{};
    };
    Watts arrived();
    void move_relay(double seconds, Watts target);
    void move_power(double seconds, Watts target);

    const PlantPreset& preset_;
    double clock_{};
    std::deque<Pending> pipe_{};
    Watts ordered_{};   // last one that was put into the pipe
    Watts effective_{}; // last one that came out
    double closing_{};  // s, how long the relay has been closing
    bool relay_closed_{};
    int relay_cycles_{};
    Watts ramp_{};
    Watts power_{};
};

} // namespace vbat::sim
