#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <vector>

namespace vbat {

// The requests of one unit that were not answered: their answers may still come. Pure.
class LateAnswers {
public:
    void expect(std::uint16_t count, TimePoint now); // words of the answer
    void forget() { requests_.clear(); }
    bool are_possible() const { return !requests_.empty(); }

    // A length up to `longest` that no answer which may still come has; if there is none, the one asked longest ago.
    std::uint16_t unmistakable_count(std::uint16_t longest) const;

private:
    struct Request {
        std::uint16_t count{};
        TimePoint asked_at{};
    };
    std::vector<Request> requests_{};
};

} // namespace vbat
