#pragma once

#include "fake_wire.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <utility>

// What the tests of the session ask for, and how they measure what it did.
namespace vbat_test {

inline constexpr Pace v3{.gap = 150ms, .patience = 8s};
inline constexpr Pace rs485{.gap = 50ms, .patience = 3s};
inline constexpr Block power{.address = 30006, .count = 1};
inline constexpr Block soc{.address = 32104, .count = 1};
inline constexpr Block energies{.address = 33000, .count = 12};

inline ModbusOrder order_of(int unit, std::vector<Poll> polls, Pace pace = v3) {
    return {.unit = unit, .polls = std::move(polls), .pace = pace};
}

inline const std::vector<Poll> usual_polls{{.block = power, .period = 2s}, {.block = soc, .period = 10s}};

inline std::size_t reads_of(const FakeWire& wire, int unit, Block block) {
    return static_cast<std::size_t>(std::ranges::count_if(
        wire.requests, [&](const auto& request) { return request.unit == unit && request.block == block; }));
}

inline Duration smallest_gap(const FakeWire& wire) {
    Duration smallest = Duration::max();
    for (std::size_t i = 1; i < wire.requests.size(); ++i)
        smallest = std::min(smallest, wire.requests[i].sent - wire.requests[i - 1].ended);
    return smallest;
}

inline Duration smallest_distance(const std::vector<TimePoint>& times) {
    Duration smallest = Duration::max();
    for (std::size_t i = 1; i < times.size(); ++i) smallest = std::min(smallest, times[i] - times[i - 1]);
    return smallest;
}

inline Duration longest_wait(const std::vector<ModbusReport>& reports) {
    Duration longest{};
    for (std::size_t i = 1; i < reports.size(); ++i)
        longest = std::max(longest, reports[i].taken_at - reports[i - 1].taken_at);
    return reports.size() < 2 ? Duration::max() : longest;
}

// The longest time between two good answers of this block.
inline Duration longest_wait(const Scene& scene, int unit, Block block, TimePoint from) {
    Duration longest{};
    TimePoint last = from;
    for (const auto& report : scene.reports(unit)) {
        if (report.block != block || !is_good(report) || report.taken_at < from) continue;
        longest = std::max(longest, report.taken_at - last);
        last = report.taken_at;
    }
    return std::max(longest, scene.wire.time - last);
}

} // namespace vbat_test
