#pragma once

#include "core/aggregate.hpp"

#include <map>

namespace vbat {

struct Energy {
    KilowattHours charged{};
    KilowattHours discharged{};

    bool operator==(const Energy&) const = default;
};

// What went into and out of each battery, by its name: the device's own totals where it tells them, else its power
// integrated over time. A battery that is silent keeps its share: a total must not fall.
class EnergyBook {
public:
    using Entries = std::map<std::string, Energy>;

    // Between two samples further apart nothing is known of the power, so nothing is counted.
    static constexpr Duration longest_gap = std::chrono::minutes{5};

    // A device's total is believed while it leads. When it has not for this much counted energy, it stands still, was
    // told once or began anew, and we count on: a total never falls.
    static constexpr KilowattHours stall{0.5};

    explicit EnergyBook(Entries restored = {}) : entries_{std::move(restored)} {}

    void take(const Member& member);                   // the same sample again changes nothing
    Energy sum(std::span<const Member> members) const; // to the Wh
    const Entries& entries() const { return entries_; }

private:
    struct Last {
        TimePoint taken_at{};
        Watts power{};
    };
    struct Counted { // since the device's total led
        KilowattHours charged{};
        KilowattHours discharged{};
    };

    Entries entries_;
    std::map<std::string, Last> last_{};
    std::map<std::string, Counted> counted_{};
};

} // namespace vbat
