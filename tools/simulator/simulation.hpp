#pragma once

#include "tools/simulator/house.hpp"
#include "tools/simulator/line.hpp"

namespace vbat::sim {

struct SimulationSpec {
    HouseSpec house{};
    double speed{1}; // of the physics; the lines keep the client's time
    bool random_faults{};
};

// The house and its ports under one clock, real or virtual.
class Simulation {
public:
    Simulation(const SimulationSpec& spec, TimePoint now); // throws std::invalid_argument

    void run_until(TimePoint when); // does all that becomes due, in its order
    void advance_physics(Duration duration) { house_.advance(duration, now_); }

    TimePoint now() const { return now_; }
    House& house() { return house_; }
    const House& house() const { return house_; }
    std::vector<std::unique_ptr<Line>>& lines() { return lines_; }
    Line& line(std::string_view name); // of a battery or a gateway; throws std::invalid_argument
    Line& line_of(const ModbusDevice& device);
    std::optional<TimePoint> next_due() const;

private:
    void add_line_for(ModbusDevice& device);
    void throw_dice();

    TimePoint now_;
    double speed_;
    House house_;
    std::vector<std::unique_ptr<Line>> lines_{};
    Random random_;
    bool random_faults_;
    TimePoint next_dice_;
    std::optional<std::pair<ModbusDevice*, Fault>> diced_{};
};

} // namespace vbat::sim
