#pragma once

#include "device/register_map.hpp"

namespace vbat {

// Blocks that a device answers with a Modbus exception, or never. After three in a row a block is not asked for 10
// minutes. Exceptions that speak of the moment (busy, a gateway that reached nobody) do not count.
class Refusals {
public:
    // True: this makes three.
    bool take(Block block, int exception, TimePoint now);
    // Not answered at all, while others are: `answers` were given so far. True: this makes three.
    bool take_silence(Block block, std::uint64_t answers, TimePoint now);
    void forgive(Block block); // it was answered
    void clear() { refused_.clear(); }

    bool is_refused(Block block) const; // three times at least, and not answered since
    bool is_left_out(Block block, TimePoint now) const;

private:
    struct Refused {
        Block block{};
        int times{}; // in a row
        TimePoint last{};
        std::uint64_t answers{};
    };
    bool count(Block block, std::uint64_t answers, TimePoint now);
    const Refused* find(Block block) const;

    std::vector<Refused> refused_{};
};

} // namespace vbat
