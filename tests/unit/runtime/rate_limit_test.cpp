#include "runtime/rate_limit.hpp"

#include <doctest/doctest.h>

using namespace vbat;
using namespace std::chrono_literals;

namespace {

const TimePoint noon{12h};

TEST_CASE("a message passes once per period and tells how often it was held back") {
    RateLimit limit{60s};
    CHECK(limit.pass("Soc", noon) == 0);
    CHECK_FALSE(limit.pass("Soc", noon + 1s).has_value());
    CHECK_FALSE(limit.pass("Soc", noon + 59s).has_value());
    CHECK(limit.pass("Soc", noon + 60s) == 2);
    CHECK_FALSE(limit.pass("Soc", noon + 61s).has_value());
}

TEST_CASE("messages do not hold each other back") {
    RateLimit limit{60s};
    CHECK(limit.pass("Soc", noon) == 0);
    CHECK(limit.pass("Power", noon) == 0);
}

TEST_CASE("a sender that invents messages fills neither the memory nor the log") {
    RateLimit limit{60s};
    int passed = 0;
    for (int i = 0; i < 10000; ++i) passed += limit.pass(std::to_string(i), noon).has_value() ? 1 : 0;
    CHECK(passed == RateLimit::capacity + 1);
}

} // namespace
