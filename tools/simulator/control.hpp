#pragma once

#include "tools/simulator/simulation.hpp"

namespace vbat::sim {

// One line of JSON from a test, one line of JSON back (README, "Control port"). Never throws: {"error":"..."}.
std::string answer_control(Simulation& simulation, std::string_view line);

} // namespace vbat::sim
