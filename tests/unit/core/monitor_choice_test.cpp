#include "core/monitor_choice.hpp"

#include <doctest/doctest.h>

#include <vector>

using namespace vbat;

namespace {

// The table of measured choices in docs/protocols/venus-dbus.md, AC-coupled storage.
TEST_CASE("which battery becomes the battery monitor") {
    const MonitorCandidate shunt{"com.victronenergy.battery.ttyUSB0", 278, false};
    const MonitorCandidate can_bms{"com.victronenergy.battery.socketcan_can0", 512, true};
    const auto ours = [](int instance, bool path) { return MonitorCandidate{"ours", instance, path}; };
    const auto chosen = [](std::vector<MonitorCandidate> all) { return monitor_choice(all).instance; };
    CHECK(chosen({shunt, ours(100, false)}) == 100);
    CHECK(chosen({shunt, ours(300, false)}) == 278);
    CHECK(chosen({can_bms, ours(100, false)}) == 512);
    CHECK(chosen({can_bms, ours(100, true)}) == 100);
    CHECK(chosen({shunt, ours(300, true)}) == 300);
    CHECK(chosen({{"com.victronenergy.battery.lynxparallel0", 600, false}, shunt}) == 600);
}

} // namespace
