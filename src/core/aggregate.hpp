#pragma once

#include "core/sample.hpp"

#include <span>
#include <vector>

namespace vbat {

// One battery of the bank, as the loop keeps it.
struct Member {
    std::string name{};
    Coupling coupling{Coupling::dc};
    Volts nominal_voltage{51.2};   // weighs Ah of packs of different voltage against each other
    Duration max_age{};            // an older sample is stale; 0: never
    TimePoint waiting_since{};     // when we began to listen
    Maybe<BatterySample> sample{}; // absent: not one message yet
};

bool is_lost(const Member& member, TimePoint now); // silent for its max_age, be it from the beginning

// When the bank will look different although nobody has said anything: the next member to be lost or forgotten.
// TimePoint::max(): never.
TimePoint next_transition(std::span<const Member> members, TimePoint now);

enum class MemberState { waiting, online, stale };

// What a battery still knows of itself when it speaks after it was lost: nothing, when the whole bank was silent; while
// the others held the bank on the bus, the voltage limit of its pack, which never left the busbar, and its size.
BatterySample known_after_silence(const Member& member, std::span<const Member> bank, TimePoint now);

struct MemberReport {
    std::string name{};
    MemberState state{MemberState::waiting};
    bool lost{};
    Maybe<Watts> power{};
    Maybe<Volts> voltage{};
    Maybe<Amps> current{};
    Maybe<Percent> soc{};
    Maybe<Watts> ac_power{};
    Maybe<std::string> model{};
    Maybe<std::string> device_state{};
    Maybe<std::string> alarm_words{};
    Maybe<std::string> possible_alarms{};
};

struct Bank {
    BatterySample total{}; // taken_at: of the youngest member
    std::vector<MemberReport> members{};
    bool equal_weights{}; // several members and not all capacities are known
};

// A stale member keeps its share in state of charge and capacity for this long: one lost poll must not make them jump.
inline constexpr Duration soc_memory = std::chrono::minutes{5};

// Rules: docs/protocols/aggregation.md. A bank of one shows what its member told, unchanged.
Bank aggregate(std::span<const Member> members, TimePoint now);

} // namespace vbat
