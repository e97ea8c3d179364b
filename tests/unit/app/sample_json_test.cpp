#include "app/sample_json.hpp"
#include "tests/support/batteries.hpp"

#include <doctest/doctest.h>

using namespace vbat;
using namespace vbat::test;

namespace {

SCENARIO("a battery as JSON") {
    BatterySample battery;
    battery.power = Watts{-20};
    battery.voltage = Volts{52.120000000000005};
    battery.installed_capacity = AmpereHours{100};
    battery.alarm_words = "";
    battery.controlled = 0;
    CHECK(to_json({"garage", "marstek-modbus", "v3", "2026-01-02T03:04:05Z", battery, 51.2_V}) == R"({
  "name": "garage",
  "type": "marstek-modbus",
  "family": "v3",
  "taken_at": "2026-01-02T03:04:05Z",
  "power_w": -20.0,
  "voltage_v": 52.12,
  "capacity_wh": 5120.0,
  "controlled": false,
  "alarms": {
    "words": ""
  }
}
)");
}

SCENARIO("when a sample was taken, on the wall clock") {
    const std::chrono::system_clock::time_point wall{std::chrono::seconds{1'767'323'045}};
    CHECK(utc_text(noon - 65s, noon, wall) == "2026-01-02T03:03:00Z");
}

} // namespace
