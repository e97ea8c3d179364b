#include "link/late_answers.hpp"

#include <algorithm>

namespace vbat {

using namespace std::chrono_literals;

namespace {

constexpr auto longest_delay = 60s;

}

void LateAnswers::expect(std::uint16_t count, TimePoint now) {
    std::erase_if(requests_, [now](const Request& earlier) { return now > earlier.asked_at + longest_delay; });
    requests_.push_back({.count = count, .asked_at = now});
}

std::uint16_t LateAnswers::unmistakable_count(std::uint16_t longest) const {
    const auto last_asked = [&](std::uint16_t count) {
        TimePoint last{};
        for (const Request& earlier : requests_)
            if (earlier.count == count) last = std::max(last, earlier.asked_at);
        return last;
    };
    std::uint16_t best = longest;
    for (std::uint16_t count = longest; count > 0; --count)
        if (last_asked(count) < last_asked(best)) best = count;
    return best;
}

} // namespace vbat
