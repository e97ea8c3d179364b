#include "core/alarm_hold.hpp"

namespace vbat {

void AlarmHold::apply(std::array<Maybe<int>, alarm_count>& levels, TimePoint now) {
    for (std::size_t i = 0; i < levels.size(); ++i) {
        Held& held = held_[i];
        const bool falls = held.level.value_or(0) > levels[i].value_or(0);
        if (!falls || now - held.last_seen >= hold) held = {levels[i], now};
        levels[i] = held.level;
    }
}

} // namespace vbat
