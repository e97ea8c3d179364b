#include "core/aggregate.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

BatterySample sized(BatterySample sample, AmpereHours installed) {
    sample.installed_capacity = installed;
    sample.capacity = installed * (sample.soc->value / 100);
    return sample;
}

SCENARIO("several batteries are one") {
    GIVEN("two batteries of different size and voltage") {
        std::vector bank{member("left", sized(sample(1000_W, 80_pct), 200_Ah)),
                         member("right", sized(sample(-400_W, 20_pct), 100_Ah))};
        bank[1].sample->voltage = 53.0_V;
        WHEN("both spoke just now") {
            const Bank seen = aggregate(bank, noon);
            THEN("power is the sum") { CHECK(seen.total.power == 600_W); }
            THEN("state of charge and voltage are weighted by capacity") {
                CHECK(seen.total.soc->value == doctest::Approx(60));
                CHECK(seen.total.voltage->value == doctest::Approx(51));
            }
            THEN("current is total power by voltage") {
                CHECK(seen.total.current->value == doctest::Approx(600.0 / 51));
            }
            THEN("capacities add up, and what is consumed is their difference") {
                CHECK(seen.total.installed_capacity == 300_Ah);
                CHECK(seen.total.capacity->value == doctest::Approx(180));
                CHECK(seen.total.consumed_amphours->value == doctest::Approx(-120));
            }
            THEN("the members are counted and named") {
                CHECK(seen.total.modules_online == 2);
                CHECK(seen.total.modules_offline == 0);
                CHECK(seen.members[1].name == "right");
                CHECK(seen.members[1].state == MemberState::online);
                CHECK_FALSE(seen.equal_weights);
            }
        }
        WHEN("the small one has been silent for its max_age") {
            bank[1].sample->taken_at = noon - 60s;
            const Bank seen = aggregate(bank, noon);
            THEN("it is out of power at once") { CHECK(seen.total.power == 1000_W); }
            THEN("it keeps its share in the state of charge") { CHECK(seen.total.soc->value == doctest::Approx(60)); }
            THEN("it is reported as stale, with its last state of charge only") {
                CHECK(seen.members[1].state == MemberState::stale);
                CHECK(seen.members[1].soc == 20_pct);
                CHECK(seen.members[1].power == std::nullopt);
                CHECK(seen.total.modules_offline == 1);
            }
        }
        WHEN("it has been lost for five minutes") {
            bank[1].sample->taken_at = noon - 60s - 5min;
            const Bank seen = aggregate(bank, noon);
            THEN("state of charge and capacities are those of the other, all at the same moment") {
                CHECK(seen.total.soc->value == doctest::Approx(80));
                CHECK(seen.total.installed_capacity == 200_Ah);
                CHECK(seen.total.capacity == 160_Ah);
            }
        }
        WHEN("its max_age is 0") {
            bank[1].max_age = {};
            bank[1].sample->taken_at = noon - 24h;
            THEN("it is never stale") { CHECK(aggregate(bank, noon).total.power == 600_W); }
        }
    }
}

SCENARIO("a battery that has never spoken") {
    std::vector bank{member("left", sized(sample(1000_W, 80_pct), 200_Ah)), member("right", {})};
    bank[1].sample.reset();
    THEN("it is waited for") {
        const Bank seen = aggregate(bank, noon + 59s);
        CHECK(seen.members[1].state == MemberState::waiting);
        CHECK_FALSE(seen.members[1].lost);
        CHECK(seen.total.modules_offline == 1);
    }
    THEN("after its max_age it is lost") {
        bank[0].sample->taken_at = noon + 60s;
        CHECK(aggregate(bank, noon + 60s).members[1].lost);
    }
    THEN("an empty bank has nothing, not 0 %") {
        bank[0].sample.reset();
        const Bank seen = aggregate(bank, noon);
        CHECK(seen.total.soc == std::nullopt);
        CHECK(seen.total.power == std::nullopt);
        CHECK(seen.total.current == std::nullopt);
    }
}

SCENARIO("capacities that are not all known") {
    std::vector bank{member("left", sized(sample(100_W, 90_pct), 200_Ah)), member("right", sample(100_W, 30_pct))};
    const Bank seen = aggregate(bank, noon);
    THEN("all weigh the same, and that is said") {
        CHECK(seen.total.soc->value == doctest::Approx(60));
        CHECK(seen.equal_weights);
    }
    THEN("a part of a sum is not shown as the sum") { CHECK(seen.total.installed_capacity == std::nullopt); }
}

TEST_CASE("packs of different nominal voltage weigh by energy, not by charge") {
    std::vector bank{member("48 V", sized(sample(0_W, 100_pct), 100_Ah)),
                     member("24 V", sized(sample(0_W, 0_pct), 100_Ah))};
    bank[1].nominal_voltage = 25.6_V;
    CHECK(aggregate(bank, noon).total.soc->value == doctest::Approx(200.0 / 3));
}

SCENARIO("a bank of one shows what its member told, unchanged") {
    BatterySample told = sized(sample(100_W, 90_pct), 200_Ah);
    told.current = 1.95_A;
    told.charge_mode = "Float";
    told.modules_online = 5;
    told.alarms[static_cast<std::size_t>(Alarm::low_soc)] = 2;
    std::vector bank{member("only", told)};
    const BatterySample total = aggregate(bank, noon).total;
    CHECK(total.current == 1.95_A);
    CHECK(total.charge_mode == "Float");
    CHECK(total.modules_online == 5);
    CHECK(total.modules_offline == 0);
    CHECK(total.alarms[static_cast<std::size_t>(Alarm::low_soc)] == 2);
    CHECK(total.alarms[static_cast<std::size_t>(Alarm::bms_cable)] == std::nullopt);
}

SCENARIO("extremes carry the id of their cell, with the short name of its battery") {
    std::vector bank{member("garage-left", sample(0_W, 50_pct)), member("r", sample(0_W, 50_pct))};
    bank[0].sample->min_cell_voltage = 3.1_V;
    bank[0].sample->min_voltage_cell_id = "Cell3";
    bank[1].sample->min_cell_voltage = 3.2_V;
    bank[1].sample->min_voltage_cell_id = "Cell9";
    bank[1].sample->max_cell_temperature = Celsius{31};
    const BatterySample total = aggregate(bank, noon).total;
    CHECK(total.min_cell_voltage == 3.1_V);
    CHECK(total.min_voltage_cell_id == "garage-l/Cell3");
    CHECK(total.max_cell_temperature == Celsius{31});
    CHECK(total.max_temperature_cell_id == std::nullopt);
}

SCENARIO("limits of DC batteries on one busbar") {
    std::vector bank{member("a", sample(0_W, 50_pct)), member("b", sample(0_W, 50_pct))};
    THEN("no limit is invented") { CHECK(aggregate(bank, noon).total.max_charge_current == std::nullopt); }
    for (Member& each : bank) {
        each.sample->max_charge_voltage = 56.0_V;
        each.sample->max_charge_current = 50.0_A;
        each.sample->max_discharge_current = 60.0_A;
    }
    bank[1].sample->max_charge_voltage = 55.2_V;
    THEN("the lowest voltage and the sum of the currents hold") {
        const BatterySample total = aggregate(bank, noon).total;
        CHECK(total.max_charge_voltage == 55.2_V);
        CHECK(total.max_charge_current == 100.0_A);
        CHECK(total.max_discharge_current == 120.0_A);
    }
    WHEN("one falls silent") {
        bank[1].sample->taken_at = noon - 60s;
        THEN("its pack is still on the busbar: its voltage holds, its currents are gone") {
            const BatterySample total = aggregate(bank, noon).total;
            CHECK(total.max_charge_voltage == 55.2_V);
            CHECK(total.max_charge_current == 50.0_A);
        }
    }
    WHEN("all fall silent") {
        for (Member& each : bank) each.sample->taken_at = noon - 60s;
        THEN("the currents are 0 A, not unknown: unknown is no limit for a charger") {
            CHECK(aggregate(bank, noon).total.max_charge_current == 0.0_A);
        }
    }
}

SCENARIO("alarms and blocking members") {
    std::vector bank{member("a", sample(0_W, 50_pct)), member("b", sample(0_W, 50_pct))};
    bank[0].sample->alarms[static_cast<std::size_t>(Alarm::high_temperature)] = 1;
    bank[1].sample->alarms[static_cast<std::size_t>(Alarm::high_temperature)] = 2;
    bank[0].sample->allow_to_charge = 1;
    bank[1].sample->allow_to_charge = 0;
    const BatterySample total = aggregate(bank, noon).total;
    CHECK(total.alarms[static_cast<std::size_t>(Alarm::high_temperature)] == 2);
    CHECK(total.alarms[static_cast<std::size_t>(Alarm::low_soc)] == std::nullopt);
    CHECK(total.modules_blocking_charge == 1);
    CHECK(total.modules_blocking_discharge == std::nullopt);
    CHECK(total.allow_to_charge == 1);
}

TEST_CASE("when the bank changes although nobody speaks") {
    std::vector bank{member("a", sample(0_W, 50_pct)), member("b", sample(0_W, 50_pct, noon + 20s))};
    CHECK(next_transition(bank, noon + 20s) == noon + 60s);
    CHECK(next_transition(bank, noon + 60s) == noon + 80s);
    CHECK(next_transition(bank, noon + 80s) == noon + 60s + 5min);
    CHECK(next_transition(bank, noon + 80s + 5min) == TimePoint::max());
    bank[0].max_age = bank[1].max_age = {};
    CHECK(next_transition(bank, noon) == TimePoint::max());
}

SCENARIO("a battery that was lost speaks again") {
    std::vector bank{member("a", sized(sample(100_W, 50_pct), 200_Ah)),
                     member("b", sized(sample(100_W, 50_pct), 200_Ah))};
    bank[1].sample->max_charge_voltage = 54.0_V;
    bank[1].sample->max_charge_current = 50.0_A;
    bank[1].sample->taken_at = noon - 60s;
    WHEN("another held the bank on the bus") {
        const BatterySample known = known_after_silence(bank[1], bank, noon);
        THEN("the voltage limit of its pack and its size still hold, and nothing else") {
            CHECK(known.max_charge_voltage == 54.0_V);
            CHECK(known.installed_capacity == 200_Ah);
            CHECK(known.max_charge_current == std::nullopt);
            CHECK(known.power == std::nullopt);
        }
    }
    WHEN("all were silent") {
        bank[0].sample->taken_at = noon - 60s;
        THEN("it begins anew") { CHECK(known_after_silence(bank[1], bank, noon).max_charge_voltage == std::nullopt); }
    }
}

TEST_CASE("a pack that sleeps at 0 V does not pull down the voltage") {
    std::vector bank{member("a", sample(100_W, 50_pct)), member("b", sample(0_W, 50_pct))};
    bank[1].sample->voltage = 0.0_V;
    CHECK(aggregate(bank, noon).total.voltage == 50.0_V);
    CHECK(aggregate(bank, noon).total.current == 2.0_A);
    bank[0].sample->voltage = 0.0_V;
    CHECK(aggregate(bank, noon).total.voltage == std::nullopt);
}

TEST_CASE("the state of charge of a member is shown for as long as it counts") {
    const std::vector bank{member("a", sample(0_W, 50_pct)), member("b", sample(0_W, 40_pct, noon + 10min))};
    CHECK(aggregate(bank, noon + 60s + 5min - 1s).members[0].soc == 50_pct);
    CHECK(aggregate(bank, noon + 60s + 5min).members[0].soc == std::nullopt);
}

SCENARIO("batteries with inverters of their own") {
    std::vector bank{member("left", sample(1000_W, 80_pct), Coupling::ac),
                     member("right", sample(-400_W, 20_pct), Coupling::ac)};
    bank[0].sample->ac_power = 1050_W;
    bank[0].sample->ac_frequency = Hertz{50};
    bank[0].sample->pv_power = 300_W;
    bank[1].sample->ac_power = -360_W;
    bank[1].sample->device_state = "discharge";
    const Bank seen = aggregate(bank, noon);
    THEN("AC power is the sum, and so is what only some have") {
        CHECK(seen.total.ac_power == 690_W);
        CHECK(seen.total.pv_power == 300_W);
        CHECK(seen.total.offgrid_power == std::nullopt);
        CHECK(seen.total.ac_frequency == Hertz{50});
    }
    THEN("what belongs to one device is told by the member") {
        CHECK(seen.total.device_state == std::nullopt);
        CHECK(seen.members[1].device_state == "discharge");
        CHECK(seen.members[1].ac_power == -360_W);
    }
    THEN("a part of a sum is no sum") {
        bank[1].sample->ac_power.reset();
        CHECK(aggregate(bank, noon).total.ac_power == std::nullopt);
    }
}

} // namespace
