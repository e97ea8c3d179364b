#include "device/battery_json.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

#include <cmath>

using namespace vbat;
using namespace vbat::test;

namespace {

BatterySample read(const DecodedJson& decoded) {
    BatterySample battery;
    REQUIRE(decoded.message.has_value());
    take_in(battery, *decoded.message, std::nullopt, noon);
    return battery;
}
BatterySample read(std::string_view json) { return read(decode_battery_json(json)); }

std::string minimal_and(const std::string& more) {
    return R"({"Dc":{"Power":321.6,"Voltage":52.7},"Soc":63,)" + more + "}";
}

// "Dc.Temperature: ..." of each problem, one a line.
std::string problems(std::string_view json) {
    std::string all;
    for (const auto& [key, what] : decode_battery_json(json).problems)
        all += key + (key.empty() ? "" : ": ") + what + '\n';
    return all;
}

SCENARIO("the minimum") {
    const auto decoded = decode_battery_json(R"({"Dc":{"Power":321.6,"Voltage":52.7},"Soc":63})");
    CHECK(decoded.problems.empty());
    const BatterySample battery = read(decoded);
    CHECK(battery.power == Watts{321.6});
    CHECK(battery.voltage == 52.7_V);
    CHECK(battery.soc == 63_pct);
}

SCENARIO("a message without a usable minimum is refused as a whole") {
    const auto refused = [](std::string_view json, const std::string& missing) {
        const auto decoded = decode_battery_json(json);
        CHECK_FALSE(decoded.message.has_value());
        REQUIRE_FALSE(decoded.problems.empty());
        CHECK(decoded.problems.back().what == "message refused, it has no usable " + missing +
                                                  "; needed are Dc.Power (W), Dc.Voltage (V) and Soc (0..100 %)");
    };
    refused("{}", "Dc.Power, Dc.Voltage, Soc");
    refused(R"({"Dc":{"Power":1,"Voltage":52}})", "Soc");
    refused(R"({"Dc":{"Power":1,"Voltage":52},"Soc":null})", "Soc");
    refused(R"({"Dc":{"Power":"1","Voltage":52},"Soc":5})", "Dc.Power");
    refused(R"({"Dc":{"Power":1,"Voltage":52},"Soc":100.1})", "Soc");
    refused(R"({"Dc":{"Power":1,"Voltage":52},"Soc":-1})", "Soc");
    refused(R"({"Dc":{"Power":1,"Voltage":NaN},"Soc":5})", "Dc.Voltage");
    refused(R"({"Dc":[1,2],"Soc":5})", "Dc.Power, Dc.Voltage");
}

SCENARIO("a bad key costs itself, not the message") {
    CHECK(problems(minimal_and(R"("Soh":"98")")) == "Soh: the text \"98\" where a number of % is expected\n");
    CHECK(problems(minimal_and(R"("Soh":true)")) == "Soh: true where a number of % is expected\n");
    CHECK(problems(minimal_and(R"("Soh":[98])")) == "Soh: a list where a number of % is expected\n");
    CHECK(problems(minimal_and(R"("Soh":{"x":1})")) == "Soh.x: unknown key\n");
    CHECK(problems(minimal_and(R"("Soh":NaN)")) == "Soh: NaN where a number of % is expected\n");
    CHECK(problems(minimal_and(R"("Soh":-Infinity)")) == "Soh: -Infinity where a number of % is expected\n");
    CHECK(problems(minimal_and(R"("Soh":1e999)")) == "Soh: 1e999 where a number of % is expected\n");
    CHECK(problems(minimal_and(R"("Soh":250)")) == "Soh: 250 is outside 0..100 %\n");
    CHECK(problems(minimal_and(R"("Alarms":{"LowSoc":3})")) == "Alarms.LowSoc: 3 is outside 0..2\n");
    CHECK(problems(minimal_and(R"("Alarms":{"LowSoc":0.5})")) ==
          "Alarms.LowSoc: 0.5 where a whole number is expected\n");
    CHECK(problems(minimal_and(R"("Soh":1,"Soh":2)")) == "Soh: given twice, the last one counts\n");
    CHECK(problems(minimal_and(R"("Foo":1)")) == "Foo: unknown key\n");
    CHECK(problems(minimal_and(R"("Info":{"ChargeMode":true})")) == "Info.ChargeMode: true where a text is expected\n");
    CHECK(problems(minimal_and(R"("Info":{"ChargeMode":")" + std::string(256, 'x') + "\"}")) ==
          "Info.ChargeMode: a text longer than 255 bytes\n");
    CHECK(problems(minimal_and(R"("Info":{"ChargeMode":"a\u0000b"})")) ==
          "Info.ChargeMode: a text with a character that D-Bus does not carry\n");
    const BatterySample battery = read(minimal_and(R"("Soh":NaN,"Dc":{"Temperature":21.5},"Capacity":1e999)"));
    CHECK(battery.soh == std::nullopt);
    CHECK(battery.capacity == std::nullopt);
    CHECK(battery.temperature == Celsius{21.5});
    CHECK(battery.power == Watts{321.6});
}

SCENARIO("what is no JSON object at all") {
    CHECK(problems("") == "empty message\n");
    CHECK(problems(" \n") == "empty message\n");
    CHECK(problems("321.6") == "not a JSON object\n");
    CHECK(problems("[1]") == "not a JSON object\n");
    CHECK(problems("NaN") == "not JSON: syntax error at character 1\n");
    CHECK(problems(R"({"Dc":{"Power":1,)") == "not JSON: syntax error at character 18\n");
    CHECK(problems(R"({"Soc":1} x)") == "not JSON: syntax error at character 11\n");
    CHECK(problems("{\"Soc\":\"\xff\"}") == "not JSON: syntax error at character 9\n");
    std::string deep;
    for (int i = 0; i < 17; ++i) deep += "{\"a\":";
    CHECK(problems(deep) == "nested deeper than 16 levels\n");
    CHECK(problems("{\"a\":" + std::string(100000, '[')) == "nested deeper than 16 levels\n");
    std::string many = "{\"k\":0";
    for (int i = 0; i < 1000; ++i) many += ",\"k" + std::to_string(i) + "\":0";
    CHECK(problems(many + '}') == "more than 1000 keys\n");
}

SCENARIO("the spellings of the field") {
    const auto is_good = [](std::string_view json) {
        CAPTURE(json);
        CHECK(problems(json).empty());
        CHECK(read(json).power == 5_W);
    };
    is_good(R"({"Dc":{"0":{"Power":5,"Voltage":52}},"Soc":50})");
    is_good(R"({"Dc/0/Power":5,"/Dc/0/Voltage":52,"/Soc":50})");
    is_good(R"({"value":{"Dc":{"Power":5,"Voltage":52},"Soc":50}})");
    is_good(R"({"value":"{\"Dc\":{\"Power\":5,\"Voltage\":52},\"Soc\":50}"})");
    CHECK(problems(R"({"value":null})") ==
          "value: unknown key\nmessage refused, it has no usable Dc.Power, Dc.Voltage, Soc"
          "; needed are Dc.Power (W), Dc.Voltage (V) and Soc (0..100 %)\n");
}

SCENARIO("types and signs") {
    const BatterySample battery = read(minimal_and(
        R"("ConsumedAmphours":74.5,"History":{"TotalAhDrawn":-1057.3,"ChargeCycles":46.6},"Balancing":true,)"
        R"("System":{"MinVoltageCellId":3},"TimeToSoC":{"5":"1h","10":600},"Dc":{"Current":-0.0})"));
    CHECK(battery.consumed_amphours == AmpereHours{-74.5});
    CHECK(battery.total_ah_drawn == AmpereHours{-1057.3});
    CHECK(battery.charge_cycles == 47);
    CHECK(battery.balancing == 1);
    CHECK(battery.min_voltage_cell_id == "3");
    CHECK(battery.time_to_soc[1] == "1h");
    CHECK(battery.time_to_soc[2] == "600");
    CHECK_FALSE(std::signbit(battery.current->value));
}

SCENARIO("what describes the sender and not the battery is passed over in silence") {
    CHECK(problems(minimal_and(R"("Mgmt":{"ProcessName":"x"},"ProductId":47735,"Connected":1,"Serial":"a","Mode":3)"))
              .empty());
}

TEST_CASE("32 cells, and a 33rd that is not known") {
    std::string cells;
    for (int i = 1; i <= 33; ++i)
        cells += (i == 1 ? "" : ",") + ("\"Cell" + std::to_string(i) + "\":3." + std::to_string(200 + i));
    const std::string json = minimal_and("\"Voltages\":{" + cells + "}");
    CHECK(problems(json) == "Voltages.Cell33: unknown key\n");
    CHECK(read(json).cell_voltages[31] == 3.232_V);
}

TEST_CASE("texts that sd-bus would refuse are refused here, one by one") {
    const auto is_taken = [](const std::string& text) {
        return problems(minimal_and(R"("Info":{"ChargeMode":")" + text + "\"}")).empty();
    };
    for (const char* good : {"Float", "\u00e4\u20ac", "\U0001F50B", "\uFFFD", "\uFDCF", "\uFDF0"})
        CHECK_MESSAGE(is_taken(good), good);
    for (const char* bad : {"a\\u0000b", "a\uFFFEb", "\uFFFF", "\uFDD0", "\uFDEF", "\U0001FFFE", "\U0010FFFF"})
        CHECK_FALSE_MESSAGE(is_taken(bad), bad);
}

TEST_CASE("the last of two counts for the minimum, too") {
    CHECK_FALSE(decode_battery_json(R"({"Dc":{"Power":7,"Voltage":52,"Power":null},"Soc":50})").message.has_value());
    CHECK(read(R"({"Dc":{"Power":null,"Voltage":52,"Power":7},"Soc":50})").power == 7_W);
}

TEST_CASE("a sender cannot make long lines or long work") {
    CHECK(problems("{\"" + std::string(65, 'k') + "\":1}") == "a key of more than 64 characters\n");
    CHECK(problems(minimal_and("\"Soh\":" + std::string(60000, '9'))) ==
          "Soh: " + std::string(40, '9') + "... where a number of % is expected\n");
}

} // namespace
