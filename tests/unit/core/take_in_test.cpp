#include "core/battery_message.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

#include <cmath>

using namespace vbat;
using namespace vbat::test;

namespace {

const Value null{};

void take(BatterySample& battery, std::initializer_list<std::pair<std::string_view, Value>> values,
          Maybe<AmpereHours> configured = {}) {
    take_in(battery, message(values), configured, noon);
}

SCENARIO("messages merge") {
    GIVEN("a battery that told its limits once") {
        BatterySample battery;
        take(battery,
             {{"/Dc/0/Power", 100.0}, {"/Dc/0/Voltage", 50.0}, {"/Soc", 60.0}, {"/Info/MaxChargeCurrent", 80.0}});
        WHEN("the next message does not repeat them") {
            take(battery, {{"/Dc/0/Power", 200.0}, {"/Dc/0/Voltage", 50.0}, {"/Soc", 61.0}});
            THEN("they keep their value") { CHECK(battery.max_charge_current == 80.0_A); }
            THEN("what was told anew is new") { CHECK(battery.power == 200_W); }
        }
        WHEN("the next message says null") {
            take(battery, {{"/Info/MaxChargeCurrent", null}});
            THEN("they are invalid") { CHECK(battery.max_charge_current == std::nullopt); }
        }
    }
}

SCENARIO("current follows from power and voltage unless this message carried it") {
    BatterySample battery;
    GIVEN("a message with a current of its own") {
        take(battery, {{"/Dc/0/Power", 100.0}, {"/Dc/0/Voltage", 50.0}, {"/Dc/0/Current", 1.9}});
        CHECK(battery.current == 1.9_A);
        WHEN("the next one has none") {
            take(battery, {{"/Dc/0/Power", -500.0}, {"/Dc/0/Voltage", 50.0}});
            THEN("it is computed") { CHECK(battery.current == -10.0_A); }
        }
        WHEN("the next one says null") {
            take(battery, {{"/Dc/0/Power", -500.0}, {"/Dc/0/Voltage", 50.0}, {"/Dc/0/Current", null}});
            THEN("it is invalid") { CHECK(battery.current == std::nullopt); }
        }
    }
    GIVEN("a voltage of 0 V") {
        take(battery, {{"/Dc/0/Power", 100.0}, {"/Dc/0/Voltage", 0.0}});
        THEN("there is no current, and no division by zero") { CHECK(battery.current == std::nullopt); }
    }
    GIVEN("no power in a discharging direction") {
        take(battery, {{"/Dc/0/Power", -0.0}, {"/Dc/0/Voltage", 50.0}});
        THEN("the current is a plain zero") { CHECK_FALSE(std::signbit(battery.current->value)); }
    }
}

SCENARIO("charge follows from the installed capacity") {
    BatterySample battery;
    WHEN("only the state of charge is known besides") {
        take(battery, {{"/InstalledCapacity", 200.0}, {"/Soc", 25.0}});
        CHECK(battery.capacity == 50_Ah);
        CHECK(battery.consumed_amphours == AmpereHours{-150});
    }
    WHEN("the consumed charge is known") {
        take(battery, {{"/InstalledCapacity", 200.0}, {"/Soc", 25.0}, {"/ConsumedAmphours", -140.0}});
        CHECK(battery.capacity == 60_Ah);
    }
    WHEN("the remaining charge is known") {
        take(battery, {{"/InstalledCapacity", 200.0}, {"/Soc", 25.0}, {"/Capacity", 70.0}});
        CHECK(battery.consumed_amphours == AmpereHours{-130});
    }
    WHEN("more is left than was installed") {
        take(battery, {{"/InstalledCapacity", 200.0}, {"/Soc", 100.0}, {"/Capacity", 204.0}});
        THEN("nothing is consumed, and nothing is negative the wrong way") {
            CHECK(battery.consumed_amphours == AmpereHours{});
        }
    }
    WHEN("a later message only has a new state of charge") {
        take(battery, {{"/InstalledCapacity", 200.0}, {"/Soc", 25.0}, {"/Capacity", 70.0}});
        take(battery, {{"/Soc", 50.0}});
        CHECK(battery.capacity == 100_Ah);
    }
    WHEN("nothing tells the installed capacity") {
        take(battery, {{"/Soc", 25.0}, {"/Capacity", 70.0}});
        take(battery, {{"/Soc", 24.0}});
        THEN("nothing is invented, and what was told stays") {
            CHECK(battery.consumed_amphours == std::nullopt);
            CHECK(battery.capacity == 70_Ah);
        }
    }
    WHEN("the configuration tells the installed capacity") {
        take(battery, {{"/Soc", 25.0}}, 100_Ah);
        CHECK(battery.installed_capacity == 100_Ah);
        CHECK(battery.capacity == 25_Ah);
    }
    WHEN("the message and the configuration tell it") {
        take(battery, {{"/Soc", 25.0}, {"/InstalledCapacity", 280.0}}, 100_Ah);
        CHECK(battery.installed_capacity == 280_Ah);
    }
}

SCENARIO("cell values follow from the cell voltages") {
    BatterySample battery;
    take(battery,
         {{"/Voltages/Cell1", 3.30}, {"/Voltages/Cell2", 3.25}, {"/Voltages/Cell3", 3.40}, {"/Voltages/Cell32", 3.30}});
    CHECK(battery.min_cell_voltage == 3.25_V);
    CHECK(battery.min_voltage_cell_id == "Cell2");
    CHECK(battery.max_cell_voltage == 3.40_V);
    CHECK(battery.max_voltage_cell_id == "Cell3");
    CHECK(battery.cell_voltage_sum->value == doctest::Approx(13.25));
    CHECK(battery.cell_voltage_diff->value == doctest::Approx(0.15));

    WHEN("a message carries some of them itself") {
        take(battery,
             {{"/Voltages/Cell1", 3.20}, {"/System/MinVoltageCellId", "P4_Z1"}, {"/System/MinCellVoltage", 3.19}});
        THEN("these win") {
            CHECK(battery.min_voltage_cell_id == "P4_Z1");
            CHECK(battery.min_cell_voltage == 3.19_V);
        }
        AND_WHEN("a message without cells follows") {
            take(battery, {{"/Soc", 50.0}});
            THEN("the sender's id does not flip to ours") { CHECK(battery.min_voltage_cell_id == "P4_Z1"); }
        }
    }
    WHEN("every cell becomes null") {
        take(battery, {{"/Voltages/Cell1", null},
                       {"/Voltages/Cell2", null},
                       {"/Voltages/Cell3", null},
                       {"/Voltages/Cell32", null}});
        THEN("what followed from them is invalid, too") {
            CHECK(battery.min_cell_voltage == std::nullopt);
            CHECK(battery.max_voltage_cell_id == std::nullopt);
            CHECK(battery.cell_voltage_sum == std::nullopt);
        }
    }
}

TEST_CASE("a message that says its time to go, be it null, decides it; the next one without it does not") {
    BatterySample battery;
    take(battery, {{"/TimeToGo", null}});
    CHECK(battery.time_to_go_told);
    take(battery, {{"/Soc", 50.0}});
    CHECK_FALSE(battery.time_to_go_told);
}

TEST_CASE("every row of the table has its own path and loads what it stores") {
    for (std::size_t i = 0; i < battery_fields.size(); ++i) {
        const Field& field = battery_fields[i];
        const std::string_view path = field.path;
        CAPTURE(path);
        for (std::size_t j = 0; j < i; ++j) CHECK(path != std::string_view{battery_fields[j].path});
        const Value stored = field.kind == Kind::text     ? Value{"words"}
                             : field.kind == Kind::number ? Value{0.5}
                                                          : Value{1};
        BatterySample battery;
        field.store(battery, stored);
        for (const Field& other : battery_fields) CHECK(other.load(battery) == (&other == &field ? stored : Value{}));
        field.store(battery, {});
        CHECK(field.load(battery) == Value{});
        CHECK(field.range.min < field.range.max);
    }
}

TEST_CASE("a voltage next to nothing gives no current, not an infinite one") {
    BatterySample battery;
    take(battery, {{"/Dc/0/Power", 1000.0}, {"/Dc/0/Voltage", 1e-320}, {"/Soc", 50.0}});
    CHECK(battery.current == std::nullopt);
    take(battery, {{"/Dc/0/Power", 1000.0}, {"/Dc/0/Voltage", 1e-9}, {"/Soc", 50.0}});
    CHECK(battery.current == std::nullopt);
}

TEST_CASE("when the installed capacity becomes unknown, what followed from it does, too") {
    BatterySample battery;
    take(battery, {{"/InstalledCapacity", 200.0}, {"/Soc", 50.0}});
    take(battery, {{"/InstalledCapacity", null}, {"/Soc", 10.0}});
    CHECK(battery.capacity == std::nullopt);
    CHECK(battery.consumed_amphours == std::nullopt);
}

} // namespace
