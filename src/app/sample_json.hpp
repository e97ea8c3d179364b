#pragma once

#include "core/sample.hpp"

#include <string>
#include <string_view>

namespace vbat {

// What `read NAME` prints: one battery as a JSON object. Power, charge and energy as everywhere: plus charges. What the
// battery did not tell is left out.
struct ReadOut {
    std::string_view name{};
    std::string_view type{};
    std::string_view family{}; // empty: unknown
    std::string taken_at{};    // ISO 8601, UTC
    const BatterySample& sample;
    Volts nominal_voltage{}; // converts Ah into Wh
};

std::string to_json(const ReadOut& battery);

// The wall clock time of a moment in the past of `now`.
std::string utc_text(TimePoint moment, TimePoint now, std::chrono::system_clock::time_point wall_clock);

} // namespace vbat
