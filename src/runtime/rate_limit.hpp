#pragma once

#include "core/time.hpp"

#include <map>
#include <optional>
#include <string>

namespace vbat {

// Lets a repeated message through once per period and counts what it held back. Remembers at most `capacity` different
// messages: a sender that invents a new one each time shares one place.
class RateLimit {
public:
    static constexpr std::size_t capacity = 32;

    explicit RateLimit(Duration period) : period_{period} {}

    // How many of this message were held back since it was last let through; nullopt: hold this one back, too.
    std::optional<int> pass(const std::string& message, TimePoint now);

private:
    struct Seen {
        TimePoint passed_at;
        int held_back;
    };
    Duration period_;
    std::map<std::string, Seen> seen_;
};

} // namespace vbat
