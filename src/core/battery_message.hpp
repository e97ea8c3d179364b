#pragma once

#include "core/battery_fields.hpp"

#include <bitset>
#include <vector>

namespace vbat {

using FieldSet = std::bitset<battery_fields.size()>;

// What one message carried: rows of battery_fields and their values; invalid where the sender said null.
struct BatteryMessage {
    struct Entry {
        std::size_t field;
        Value value;
    };
    std::vector<Entry> entries{};

    FieldSet carried() const {
        FieldSet set;
        for (const Entry& entry : entries) set.set(entry.field);
        return set;
    }
};

// Merges a message into what is known of its battery: an absent key keeps its value, null makes it invalid, and what
// follows from the message is computed unless the message itself carried it. `configured`: the installed capacity of a
// battery whose messages do not tell.
void take_in(BatterySample& battery, const BatteryMessage& message, Maybe<AmpereHours> configured, TimePoint now);

} // namespace vbat
