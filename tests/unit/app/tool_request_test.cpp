#include "app/tool_request.hpp"

#include <doctest/doctest.h>

using namespace vbat;

namespace {

SCENARIO("a request travels to the daemon and is the same there") {
    for (const auto command : {Command::scan, Command::set_id, Command::read}) {
        const ToolRequest request{command, "[fe80::1]:502", 1, 10, "garage"};
        CHECK(request_from(to_words(request)) == request);
    }
}

SCENARIO("what is no request of ours is not run") {
    CHECK_FALSE(request_from({}));
    CHECK_FALSE(request_from({"scan", "a", "1", "10"}));
    CHECK_FALSE(request_from({"format", "a", "1", "10", ""}));
    CHECK_FALSE(request_from({"scan", "a", "1x", "10", ""}));
    CHECK_FALSE(request_from({"set-id", "a", "1", "256", ""}));
    CHECK_FALSE(request_from({"set-id", "a", "0", "2", ""}));
}

} // namespace
