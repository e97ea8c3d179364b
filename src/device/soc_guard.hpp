#pragma once

#include "core/sample.hpp"

namespace vbat {

// A device whose cells are cut off says 0 % some 15 s before it says what happened, and comes back with the value from
// before (docs/protocols/marstek-modbus.md, Faults survived). A great fall to 0 is believed when it lasts.
//
// A number above 100 is in 0.1 % as the vendor's document has it, unless the device was seen to say percent: then it is
// wrong.
class SocGuard {
public:
    void take(Maybe<Percent> told, bool battery_is_off, TimePoint now);

    // What may be shown of what was told: the value from before the fall or before it was last told, and nothing after
    // some minutes of doubt.
    Maybe<Percent> judge(Maybe<Percent> told, TimePoint now) const;

private:
    Maybe<Percent> scaled(Maybe<Percent> told) const;

    bool says_percent_ = false;
    Maybe<Percent> trusted_{};
    TimePoint told_at_{};
    Maybe<TimePoint> fell_at_{};
    TimePoint in_doubt_since_{}; // the fall, or when the device last said that its battery is off
};

} // namespace vbat
