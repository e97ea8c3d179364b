#include "core/time_to_go.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

BatterySample battery(Watts power, AmpereHours left = 50_Ah) {
    return {.power = power, .voltage = 50.0_V, .installed_capacity = 100_Ah, .capacity = left};
}

const TimeToGoSettings every_5_min{.target = 10_pct, .recalculate_every = 300s};

SCENARIO("time to go") {
    TimeToGo time_to_go{every_5_min};
    THEN("discharging it counts down to the target") {
        CHECK(time_to_go.update(battery(-1000_W), noon) == Seconds{40.0 / 20 * 3600});
    }
    THEN("charging it counts up to 100 %") { CHECK(time_to_go.update(battery(500_W), noon) == Seconds{5.0 * 3600}); }
    THEN("idle there is none") { CHECK(time_to_go.update(battery(0_W), noon) == std::nullopt); }
    THEN("a trickle that would take more than ten days is idle") {
        CHECK(time_to_go.update(battery(-8_W), noon) == std::nullopt);
        CHECK(time_to_go.update(battery(-9_W), noon).has_value());
    }
    THEN("below the target it is 0, not the way back") {
        CHECK(time_to_go.update(battery(-1000_W, 5_Ah), noon) == Seconds{0});
    }
    THEN("full and charging it is 0") { CHECK(time_to_go.update(battery(100_W, 100_Ah), noon) == Seconds{0}); }
    THEN("without a capacity or a voltage there is none") {
        auto unknown = battery(-1000_W);
        unknown.installed_capacity.reset();
        CHECK(time_to_go.update(unknown, noon) == std::nullopt);
        auto dead = battery(-1000_W);
        dead.voltage = 0.0_V;
        CHECK(time_to_go.update(dead, noon) == std::nullopt);
    }
}

SCENARIO("power is averaged between two calculations") {
    TimeToGo time_to_go{every_5_min};
    GIVEN("a first answer") {
        const auto first = time_to_go.update(battery(-1000_W), noon);
        WHEN("the power jumps for a moment") {
            THEN("the answer stays until it is due") {
                CHECK(time_to_go.update(battery(-3000_W), noon + 150s) == first);
            }
            AND_WHEN("it is due") {
                time_to_go.update(battery(-3000_W), noon + 150s);
                const auto second = time_to_go.update(battery(-1000_W), noon + 300s);
                THEN("half of the time counts half") { CHECK(second == Seconds{40.0 / 40 * 3600}); }
            }
        }
        WHEN("the direction changes") {
            THEN("the old answer is wrong and a new one comes at once") {
                CHECK(time_to_go.update(battery(500_W), noon + 10s) == Seconds{5.0 * 3600});
                CHECK(time_to_go.update(battery(0_W), noon + 20s) == std::nullopt);
            }
        }
    }
}

} // namespace
