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

// What follows from other values, unless `carried` says that the sender told it: capacity and consumed ampere-hours
// from the state of charge; lowest and highest cell, when cell voltages were carried (the sender's own ids must not
// flip to ours between two full messages).
void derive_charge(BatterySample& battery, const FieldSet& carried, Maybe<AmpereHours> configured);
void derive_cells(BatterySample& battery, const FieldSet& carried);

} // namespace vbat
