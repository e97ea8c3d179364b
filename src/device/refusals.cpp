#include "device/refusals.hpp"

namespace vbat {
namespace {

constexpr int enough = 3;
constexpr auto until_asked_again = std::chrono::minutes{10};

// Illegal function, address, value.
bool is_about_the_block(int exception) { return exception >= 1 && exception <= 3; }

} // namespace

const Refusals::Refused* Refusals::find(Block block) const {
    const auto found =
        std::find_if(refused_.begin(), refused_.end(), [&](const Refused& refused) { return refused.block == block; });
    return found == refused_.end() ? nullptr : &*found;
}

bool Refusals::take(Block block, int exception, TimePoint now) {
    return is_about_the_block(exception) && count(block, 0, now);
}

bool Refusals::take_silence(Block block, std::uint64_t answers, TimePoint now) {
    const Refused* const before = find(block);
    if (before && before->answers == answers) return false; // nothing else was answered either
    return count(block, answers, now);
}

bool Refusals::count(Block block, std::uint64_t answers, TimePoint now) {
    const Refused* const before = find(block);
    const int times = before ? std::min(before->times + 1, enough) : 1;
    forgive(block);
    refused_.push_back({block, times, now, answers});
    return times == enough;
}

void Refusals::forgive(Block block) {
    std::erase_if(refused_, [&](const Refused& refused) { return refused.block == block; });
}

bool Refusals::is_refused(Block block) const {
    const Refused* const refused = find(block);
    return refused && refused->times == enough;
}

bool Refusals::is_left_out(Block block, TimePoint now) const {
    return is_refused(block) && now - find(block)->last < until_asked_again;
}

} // namespace vbat
