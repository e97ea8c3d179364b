#pragma once

#include "core/aggregate.hpp"
#include "core/battery_message.hpp"

#include <string_view>

// Builders that hide what a test does not vary.
namespace vbat::test {

using namespace std::chrono_literals;

inline const TimePoint noon{12h};

inline BatterySample sample(Watts power, Percent soc, TimePoint taken_at = noon) {
    return {.taken_at = taken_at, .power = power, .voltage = 50.0_V, .soc = soc};
}

inline Member member(std::string name, BatterySample sample, Coupling coupling = Coupling::dc) {
    return {.name = std::move(name),
            .coupling = coupling,
            .max_age = 60s,
            .waiting_since = noon,
            .sample = std::move(sample)};
}

// A message as a sender writes it: {{"/Soc", 50.0}, ...}
inline BatteryMessage message(std::initializer_list<std::pair<std::string_view, Value>> values) {
    BatteryMessage made;
    for (const auto& [path, value] : values)
        for (std::size_t i = 0; i < battery_fields.size(); ++i)
            if (std::string_view{battery_fields[i].path} == path) made.entries.push_back({i, value});
    return made;
}

} // namespace vbat::test
