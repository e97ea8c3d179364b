#include "core/virtual_battery.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

SCENARIO("when the battery stands on the bus") {
    const VirtualBattery battery{{.timeout = 60s}, {}};
    std::vector bank{member("a", sample(0_W, 50_pct)), member("b", sample(0_W, 50_pct, noon + 10s))};
    THEN("until its youngest sample is as old as the timeout") {
        CHECK(battery.is_present(bank, noon + 69s));
        CHECK_FALSE(battery.is_present(bank, noon + 70s));
    }
    THEN("not before the first message") {
        for (Member& each : bank) each.sample.reset();
        CHECK_FALSE(battery.is_present(bank, noon));
    }
    THEN("with timeout 0 for ever") { CHECK(VirtualBattery{{.timeout = 0s}, {}}.is_present(bank, noon + 1000h)); }
}

SCENARIO("time to go of the virtual battery") {
    std::vector bank{member("a", sample(-1000_W, 50_pct))};
    bank[0].sample->installed_capacity = 100_Ah;
    bank[0].sample->capacity = 50_Ah;
    THEN("it is computed") {
        VirtualBattery battery{{}, {}};
        CHECK(battery.look(bank, noon).total.time_to_go == Seconds{7200});
    }
    THEN("a message that told it wins, be it null") {
        VirtualBattery battery{{}, {}};
        bank[0].sample->time_to_go_told = true;
        CHECK(battery.look(bank, noon).total.time_to_go == std::nullopt);
        bank[0].sample->time_to_go = Seconds{1234};
        CHECK(battery.look(bank, noon).total.time_to_go == Seconds{1234});
    }
    THEN("switched off it is only passed on") {
        VirtualBattery battery{{.derive_time_to_go = false}, {}};
        CHECK(battery.look(bank, noon).total.time_to_go == std::nullopt);
    }
}

SCENARIO("an alarm of the bank rises at once and falls after it has been quiet for a minute") {
    constexpr auto low_soc = static_cast<std::size_t>(Alarm::low_soc);
    std::vector bank{member("a", sample(0_W, 50_pct)), member("b", sample(0_W, 50_pct))};
    VirtualBattery battery{{.timeout = 0s}, {}};
    for (Member& each : bank) each.max_age = {};
    const auto level = [&](int told, Duration later) {
        bank[0].sample->alarms[low_soc] = told;
        return battery.look(bank, noon + later).total.alarms[low_soc];
    };
    CHECK(level(0, 0s) == 0);
    CHECK(level(2, 1s) == 2);
    CHECK(level(0, 2s) == 2);
    CHECK(level(2, 30s) == 2);
    CHECK(level(0, 89s) == 2);
    CHECK(level(0, 90s) == 0);
    WHEN("there is one battery only") {
        bank.pop_back();
        THEN("its alarm is shown as told") {
            CHECK(level(2, 100s) == 2);
            CHECK(level(0, 101s) == 0);
        }
    }
}

} // namespace
