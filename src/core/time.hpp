#pragma once

#include <chrono>

namespace vbat {

// Time is an argument: only runtime/, link/ and app/ read a clock, everything else is told what time it is.
using TimePoint = std::chrono::steady_clock::time_point;
using Duration = std::chrono::steady_clock::duration;

} // namespace vbat
