// Payloads of real senders; each file names its source and what it must read as.
#include "device/battery_json.hpp"
#include "runtime/host.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

#include <nlohmann/json.hpp>

using namespace vbat;
using namespace vbat::test;
using nlohmann::json;

namespace {

const std::filesystem::path folder = std::filesystem::path{VBAT_SOURCE_DIR} / "tests/captures/mqtt-battery";

BatterySample decoded(const json& capture) {
    const auto result = decode_battery_json(capture.at("reply").dump());
    for (const auto& [key, what] : result.problems) FAIL_CHECK(key << ": " << what);
    BatterySample battery;
    REQUIRE(result.message.has_value());
    take_in(battery, *result.message, std::nullopt, noon);
    return battery;
}

TEST_CASE("every payload gives what its source says, without a complaint") {
    int payloads = 0;
    for (const auto& file : std::filesystem::directory_iterator{folder}) {
        const json capture = json::parse(read_file(file.path()));
        if (!capture.contains("reply")) continue;
        CAPTURE(file.path().filename().string());
        ++payloads;
        const BatterySample battery = decoded(capture);
        const json& expect = capture.at("expect");
        CHECK(battery.power == Watts{expect.at("power_w").get<double>()});
        CHECK(battery.voltage == Volts{expect.at("voltage").get<double>()});
        CHECK(battery.soc == Percent{expect.at("soc").get<double>()});
        REQUIRE(battery.current.has_value());
        if (expect.contains("current")) CHECK(battery.current == Amps{expect.at("current").get<double>()});
        else CHECK(battery.current->value == doctest::Approx(battery.power->value / battery.voltage->value));
    }
    CHECK(payloads >= 4);
}

} // namespace
