#pragma once

#include "core/sample.hpp"

namespace vbat {

// Hysteresis of the bank's alarms: a level rises at once and falls only after it has been lower for `hold`. The GX
// device sends a notification for every rise, and several batteries near a threshold would otherwise produce one a
// minute.
class AlarmHold {
public:
    static constexpr Duration hold = std::chrono::seconds{60};

    void apply(std::array<Maybe<int>, alarm_count>& levels, TimePoint now);

private:
    struct Held {
        Maybe<int> level{};
        TimePoint last_seen{};
    };
    std::array<Held, alarm_count> held_{};
};

} // namespace vbat
