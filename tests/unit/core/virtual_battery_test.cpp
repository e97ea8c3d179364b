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

SCENARIO("when somebody must look again although nothing was said") {
    const VirtualBattery battery{{.timeout = 60s}, {}};
    std::vector bank{member("a", sample(0_W, 50_pct))};
    bank[0].max_age = 15s;
    CHECK(battery.next_change(bank, noon) == noon + 15s); // its values are too old
    THEN("the battery leaves the bus at its timeout, whatever the age that values may have") {
        CHECK(battery.next_change(bank, noon + 15s) == noon + 60s);
        CHECK(VirtualBattery{{.timeout = 3s}, {}}.next_change(bank, noon) == noon + 3s);
    }
    THEN("then its charge is forgotten, then nothing changes any more") {
        CHECK(battery.next_change(bank, noon + 60s) == noon + 315s);
        CHECK(battery.next_change(bank, noon + 315s) == TimePoint::max());
    }
    THEN("with timeout 0 it stays") {
        CHECK(VirtualBattery{{.timeout = 0s}, {}}.next_change(bank, noon + 15s) == noon + 315s);
    }
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

SCENARIO("a member that is lost is a warning of the bank") {
    constexpr auto cable = static_cast<std::size_t>(Alarm::bms_cable);
    VirtualBattery battery{{.timeout = 60s}, {}};
    std::vector bank{member("a", sample(0_W, 50_pct)), member("b", sample(0_W, 50_pct))};
    const auto warning = [&](Duration later, bool b_speaks) {
        bank[0].sample->taken_at = noon + later;
        if (b_speaks) bank[1].sample->taken_at = noon + later;
        return battery.look(bank, noon + later).total.alarms[cable];
    };
    CHECK(warning(0s, true) == 0);
    CHECK(warning(59s, false) == 0);
    CHECK(warning(60s, false) == 1);
    WHEN("all are silent and one comes back first") {
        CHECK(battery.look(bank, noon + 119s).total.alarms[cable] == 1); // within the hold of what follows
        CHECK_FALSE(battery.is_present(bank, noon + 120s));
        battery.look(bank, noon + 120s);
        THEN("the other is given the time to come, too, and the old warning is gone") {
            CHECK(warning(125s, false) == 0);
            CHECK(warning(184s, false) == 0);
            CHECK(warning(185s, false) == 1);
        }
    }
    WHEN("the bank is one battery") {
        bank.pop_back();
        THEN("there is nothing of ours in its alarms") { CHECK(warning(61s, false) == std::nullopt); }
    }
}

} // namespace
