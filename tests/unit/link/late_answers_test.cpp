#include "link/late_answers.hpp"

#include <doctest/doctest.h>

using namespace vbat;
using namespace std::chrono_literals;

namespace {

SCENARIO("a length that no late answer has") {
    const TimePoint start{1h};
    LateAnswers late;
    CHECK_FALSE(late.are_possible());
    CHECK(late.unmistakable_count(10) == 10);
    GIVEN("requests without an answer") {
        late.expect(10, start);
        late.expect(1, start);
        late.expect(9, start + 1s);
        CHECK(late.are_possible());
        THEN("their lengths are left out") { CHECK(late.unmistakable_count(10) == 8); }
        THEN("none remains when the line is in step") {
            late.forget();
            CHECK_FALSE(late.are_possible());
        }
        THEN("they are forgotten after a minute, the doubt is not") {
            late.expect(7, start + 60s + 1ms);
            CHECK(late.unmistakable_count(10) == 10);
            CHECK(late.are_possible());
        }
    }
    GIVEN("more of them than there are lengths") {
        for (std::uint16_t count = 1; count <= 10; ++count) late.expect(count, start + count * 1s);
        THEN("the oldest is the least dangerous") { CHECK(late.unmistakable_count(10) == 1); }
    }
}

} // namespace
