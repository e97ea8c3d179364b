#include "publish/battery_items.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

struct Shown {
    ItemTree tree{};
    std::vector<std::string> renamed{};
    BatteryItems items;

    explicit Shown(Coupling coupling = Coupling::dc)
        : items{tree, {"Shed", "MQTT 10.0.0.5", 100, coupling}, [this](const std::string& name) {
                    renamed.push_back(name);
                }} {}

    Value value(std::string_view path) const {
        const auto* item = tree.find(path);
        REQUIRE_MESSAGE(item != nullptr, std::string{path});
        return item->value;
    }
    bool has(std::string_view path) const { return tree.find(path) != nullptr; }
};

Bank bank_of(BatterySample total) { return {.total = std::move(total), .members = {{.name = "mqtt"}}}; }

SCENARIO("the items of a DC-coupled battery") {
    Shown shown;
    BatterySample told = sample(321.6_W, 63_pct);
    shown.items.show(bank_of(told));
    THEN("what every battery has is there, be it invalid") {
        CHECK(shown.value("/Dc/0/Power") == Value{321.6});
        CHECK(shown.value("/Dc/0/Temperature") == Value{});
        CHECK(shown.value("/DeviceInstance") == Value{std::int32_t{100}});
        CHECK(shown.value("/ProductId") == Value{std::int32_t{0xFFFF}});
        CHECK(shown.value("/Connected") == Value{std::int32_t{1}});
        CHECK(shown.value("/CustomName") == Value{"Shed"});
        CHECK(shown.value("/HardwareVersion") == Value{});
    }
    THEN("the mere existence of a charge voltage limit would make it a BMS: there is none") {
        CHECK_FALSE(shown.has("/Info/MaxChargeVoltage"));
    }
    WHEN("a limit was received") {
        told.max_charge_voltage = 55.2_V;
        shown.items.show(bank_of(told));
        THEN("the path appears") { CHECK(shown.value("/Info/MaxChargeVoltage") == Value{55.2}); }
        AND_WHEN("it becomes invalid") {
            told.max_charge_voltage.reset();
            shown.items.show(bank_of(told));
            THEN("the path stays") { CHECK(shown.value("/Info/MaxChargeVoltage") == Value{}); }
        }
    }
}

SCENARIO("an AC-coupled battery must not disturb a DC system") {
    Shown shown{Coupling::ac};
    BatterySample told = sample(100_W, 63_pct);
    told.max_charge_voltage = 55.2_V;
    told.max_charge_current = 80.0_A;
    told.max_discharge_current = 80.0_A;
    told.battery_low_voltage = 44.0_V;
    told.charge_request = 1;
    told.temperature = Celsius{21};
    told.min_cell_temperature = Celsius{20};
    shown.items.show(bank_of(told));
    for (const char* path : {"/Info/MaxChargeVoltage", "/Info/MaxChargeCurrent", "/Info/MaxDischargeCurrent",
                             "/Info/BatteryLowVoltage", "/Info/ChargeRequest", "/Dc/0/Temperature"})
        CHECK_MESSAGE(!shown.has(path), path);
    CHECK(shown.value("/Mgmt/InsecureConnection") == Value{std::int32_t{1}});
    CHECK(shown.value("/System/MinCellTemperature") == Value{20.0});
}

SCENARIO("the name a user gives") {
    Shown shown;
    CHECK(shown.tree.write("/CustomName", "Garage") == SetResult::taken);
    CHECK(shown.value("/CustomName") == Value{"Garage"});
    CHECK(shown.renamed == std::vector<std::string>{"Garage"});
    THEN("an empty one gives the product name back") {
        CHECK(shown.tree.write("/CustomName", "") == SetResult::taken);
        CHECK(shown.value("/CustomName") == Value{"Shed"});
        CHECK(shown.renamed.back().empty());
    }
    THEN("what is no text is refused") { CHECK(shown.tree.write("/CustomName", 5.0) == SetResult::refused); }
    THEN("and so is a novel") { CHECK(shown.tree.write("/CustomName", std::string(256, 'x')) == SetResult::refused); }
}

SCENARIO("several members are visible") {
    Shown shown;
    std::vector<Member> members{member("left", sample(100_W, 50_pct)), member("right", sample(50_W, 40_pct))};
    shown.items.show(aggregate(members, noon));
    CHECK(shown.value("/Members/1/Name") == Value{"right"});
    CHECK(shown.value("/Members/1/State") == Value{"online"});
    CHECK(shown.value("/Members/1/Power") == Value{50.0});
    WHEN("one falls silent") {
        members[0].sample->taken_at = noon + 60s;
        shown.items.show(aggregate(members, noon + 60s));
        CHECK(shown.value("/Members/1/State") == Value{"stale"});
        CHECK(shown.value("/Members/1/Power") == Value{});
        CHECK(shown.value("/Members/1/Soc") == Value{40.0});
    }
}

TEST_CASE("a single battery has no members to show") {
    Shown shown;
    const std::vector<Member> members{member("mqtt", sample(100_W, 50_pct))};
    shown.items.show(aggregate(members, noon));
    CHECK_FALSE(shown.has("/Members/0/Name"));
}

} // namespace
