#pragma once

#include "core/aggregate.hpp"

#include <map>

namespace vbat {

struct Energy {
    KilowattHours charged{};
    KilowattHours discharged{};

    bool operator==(const Energy&) const = default;
};

// What has flown in one direction: a device's own total as far as it moves, else what is counted from its power.
class EnergyCounter {
public:
    // When this much was counted and the device's total has not moved, it stands still, was told once or began anew,
    // and we count on. A total that was seen to move in small steps is suspected sooner.
    static constexpr KilowattHours longest_stall{0.5};
    static constexpr KilowattHours shortest_stall{0.1};

    // A leap that no battery makes is one wrong word, until it was told for this long; then the device has another
    // counter, or is another device, and its steps count from there.
    static constexpr Duration until_believed = std::chrono::minutes{5};

    void take(KilowattHours& total, Maybe<KilowattHours> told, KilowattHours counted,
              TimePoint now); // total never falls

private:
    void follow(KilowattHours& total, KilowattHours told, TimePoint now);
    bool is_plausible(KilowattHours told, TimePoint now) const;
    bool is_leap_believed(KilowattHours told, TimePoint now);
    void begin_at(KilowattHours told, TimePoint now);
    KilowattHours stall() const;

    Maybe<KilowattHours> told_{};
    TimePoint heard_at_{}; // a total as large as told_, or larger
    Maybe<KilowattHours> leap_{};
    TimePoint leapt_at_{};
    KilowattHours step_{};     // the widest in which the device's total was seen to move
    KilowattHours since_{};    // counted since it moved
    KilowattHours credited_{}; // of it, already in our total
    KilowattHours ahead_{};    // in our total, and not yet in the device's
};

// What went into and out of each battery, by its name: the device's own totals where it tells them, else its power
// integrated over time; of a battery with an inverter of its own, at the AC side. A battery that is silent keeps its
// share: a total must not fall.
class EnergyBook {
public:
    using Entries = std::map<std::string, Energy>;

    // Between two samples further apart nothing is known of the power, so nothing is counted.
    static constexpr Duration longest_gap = std::chrono::minutes{5};

    explicit EnergyBook(Entries restored = {}) : entries_{std::move(restored)} {}

    void take(const Member& member);                   // the same sample again changes nothing
    Energy sum(std::span<const Member> members) const; // to the Wh
    const Entries& entries() const { return entries_; }

private:
    struct Last {
        TimePoint taken_at{};
        Watts power{};
    };
    struct Counters {
        EnergyCounter charged{};
        EnergyCounter discharged{};
    };

    Entries entries_;
    std::map<std::string, Last> last_{};
    std::map<std::string, Counters> counters_{};
};

} // namespace vbat
