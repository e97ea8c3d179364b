#pragma once

#include "device/modbus_model.hpp"

#include <map>
#include <optional>
#include <vector>

namespace vbat {

// What one unit of a connection is asked, and how fast.
struct ModbusOrder {
    int unit{1};
    std::vector<Poll> polls{};
    Pace pace{};

    bool operator==(const ModbusOrder&) const = default;
};

// Which block of which unit is asked next, and when (docs/adr/0009-modbus-session.md, Order and pace). Pure.
class ModbusSchedule {
public:
    struct Due {
        int unit{};
        Block block{};
        TimePoint when{};
    };

    void order(const ModbusOrder& order, TimePoint now); // due times of equal polls are kept
    // Of those that are late the one that is by the most of its periods, else the earliest; absent: nothing is ordered.
    std::optional<Due> next(TimePoint now) const;
    void done(const Due& due, TimePoint now); // asked, whatever came of it
    void took(int unit, Duration request);    // an answered request: what a request of this unit costs
    void pause(int unit, TimePoint until);    // no polls of this unit

    std::optional<Block> longest_block(int unit) const; // of its order
    std::vector<int> units() const;
    Pace pace(int unit) const; // of a unit without an order: the most careful of the others

    // All periods are this much longer, so that the connection is at rest most of the time.
    double stretch() const;

private:
    struct Entry {
        Poll poll{};
        TimePoint due{};
    };
    struct Unit {
        Pace pace{};
        std::vector<Entry> entries{};
        Duration request{}; // mean
        TimePoint paused_until{};
    };

    std::map<int, Unit> units_{};
};

} // namespace vbat
