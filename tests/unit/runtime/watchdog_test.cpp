#include "runtime/watchdog.hpp"

#include <doctest/doctest.h>

#include <future>

using namespace vbat;
using namespace std::chrono_literals;

namespace {

TEST_CASE("a loop that never turns is noticed") {
    std::promise<void> hung;
    const Watchdog watchdog{3, [&] { hung.set_value(); }, 1ms};
    CHECK(hung.get_future().wait_for(10s) == std::future_status::ready);
}

TEST_CASE("a loop that turns is left alone, and the watchdog ends at once") {
    Watchdog watchdog{30, [] { FAIL("not hung"); }, 1h};
    watchdog.beat();
}

} // namespace
