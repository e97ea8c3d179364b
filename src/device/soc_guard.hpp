#pragma once

#include "core/sample.hpp"

namespace vbat {

// A device whose cells are cut off says 0 % some 15 s before it says what happened, and comes back with the value from
// before (docs/protocols/marstek-modbus.md, Faults survived). A great fall to 0 is believed when it lasts.
class SocGuard {
public:
    void take(Maybe<Percent> told, bool battery_is_off, TimePoint now);

    // What may be shown of what was told: the value from before the fall, and nothing after some minutes of doubt.
    Maybe<Percent> judge(Maybe<Percent> told, TimePoint now) const;

private:
    Maybe<Percent> trusted_{};
    Maybe<TimePoint> fell_at_{};
    TimePoint in_doubt_since_{}; // the fall, or when the device last said that its battery is off
};

} // namespace vbat
