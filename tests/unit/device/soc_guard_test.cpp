#include "device/soc_guard.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

constexpr bool off = true;
constexpr bool on = false;

SCENARIO("a state of charge that falls to 0") {
    SocGuard guard;
    GIVEN("99 % a moment ago") {
        guard.take(99_pct, on, noon);
        WHEN("0 % is told") {
            guard.take(0_pct, on, noon + 10s);
            THEN("it is held") { CHECK(guard.judge(0_pct, noon + 10s) == 99_pct); }
            THEN("it is believed after a minute, not before") {
                guard.take(0_pct, on, noon + 69s);
                CHECK(guard.judge(0_pct, noon + 69s) == 99_pct);
                guard.take(0_pct, on, noon + 70s);
                CHECK(guard.judge(0_pct, noon + 70s) == 0_pct);
            }
            THEN("what comes back is believed at once") {
                guard.take(98_pct, on, noon + 20s);
                CHECK(guard.judge(98_pct, noon + 20s) == 98_pct);
            }
            THEN("a small rise is believed, too: it is no 0") {
                guard.take(1_pct, on, noon + 20s);
                CHECK(guard.judge(1_pct, noon + 20s) == 1_pct);
            }
            THEN("nothing told changes nothing, for five minutes") {
                CHECK(guard.judge(std::nullopt, noon + 20s) == 99_pct);
                CHECK_FALSE(guard.judge(std::nullopt, noon + 6min).has_value());
            }
        }
        WHEN("it stays 0 while the battery is said to be off") {
            for (auto after = 10s; after <= 400s; after += 10s) guard.take(0_pct, off, noon + after);
            THEN("it is held for five minutes and unknown then") {
                CHECK(guard.judge(0_pct, noon + 10s + 5min) == 99_pct);
                CHECK_FALSE(guard.judge(0_pct, noon + 11s + 5min).has_value());
            }
            THEN("a minute after the battery is back it is believed") {
                guard.take(0_pct, on, noon + 459s);
                CHECK_FALSE(guard.judge(0_pct, noon + 459s).has_value());
                guard.take(0_pct, on, noon + 460s);
                CHECK(guard.judge(0_pct, noon + 460s) == 0_pct);
            }
        }
    }
    GIVEN("20 % a moment ago") {
        guard.take(20_pct, on, noon);
        guard.take(0_pct, on, noon + 10s);
        THEN("the fall is not great: it is believed") { CHECK(guard.judge(0_pct, noon + 10s) == 0_pct); }
    }
    GIVEN("nothing before") {
        guard.take(0_pct, on, noon);
        THEN("0 is believed") { CHECK(guard.judge(0_pct, noon) == 0_pct); }
    }
    GIVEN("a fall to more than 0") {
        guard.take(99_pct, on, noon);
        guard.take(5_pct, on, noon + 10s);
        THEN("it is believed") { CHECK(guard.judge(5_pct, noon + 10s) == 5_pct); }
    }
}

SCENARIO("a state of charge above 100") {
    SocGuard guard;
    WHEN("the device has said nothing else") {
        guard.take(500_pct, on, noon);
        THEN("it is in tenths") { CHECK(guard.judge(500_pct, noon) == 50_pct); }
    }
    WHEN("the device was seen to say percent") {
        guard.take(85_pct, on, noon);
        guard.take(500_pct, on, noon + 1s);
        THEN("it is no state of charge, however long it lasts") {
            CHECK(guard.judge(500_pct, noon + 1s) == 85_pct);
            guard.take(500_pct, on, noon + 10min);
            CHECK_FALSE(guard.judge(500_pct, noon + 10min));
            CHECK(guard.judge(84_pct, noon + 10min) == 84_pct);
        }
    }
}

} // namespace
