#include "runtime/rate_limit.hpp"

namespace vbat {

std::optional<int> RateLimit::pass(const std::string& message, TimePoint now) {
    const bool room = seen_.size() < capacity || seen_.contains(message);
    const auto [entry, is_new] = seen_.try_emplace(room ? message : std::string{}, Seen{now, 0});
    if (is_new) return 0;
    Seen& seen = entry->second;
    if (now - seen.passed_at < period_) {
        ++seen.held_back;
        return std::nullopt;
    }
    const int held_back = seen.held_back;
    seen = {now, 0};
    return held_back;
}

} // namespace vbat
