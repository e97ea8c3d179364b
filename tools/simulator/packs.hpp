#pragma once

#include "tools/simulator/model.hpp"

#include <vector>

namespace vbat::sim {

struct Pack {
    double soc{}; // %
    Volts voltage{};
    Amps current{};
    int cycles{};
};

// The cells: energy in and out of one pack at a time.
class Packs {
public:
    Packs(const DeviceModel& model, int count, double soc);

    void set_soc(double soc);               // of the whole; with several packs the first is ahead, as in the captures
    void step(double seconds, Watts power); // + charges

    double soc() const; // %, of all packs; may leave 0..100 by the rounding of a step
    WattHours capacity() const { return model_.pack_capacity * static_cast<double>(packs_.size()); }
    const std::vector<Pack>& all() const { return packs_; }
    std::size_t active() const { return active_; }

private:
    void choose(double seconds, Watts power);
    void settle(Pack& pack, Watts power) const; // voltage and current

    const DeviceModel& model_;
    std::vector<Pack> packs_;
    std::size_t active_{};
    double since_choice_{};
};

} // namespace vbat::sim
