#include "link/tool_client.hpp"

#include "runtime/bus.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <chrono>
#include <stdexcept>

namespace vbat {
namespace {

constexpr std::chrono::minutes patience{2}; // a scan of ten units that do not answer, behind everything in the queue

std::optional<ToolAnswer> ask(sdbus::IConnection& bus, const std::string& daemon,
                              const std::vector<std::string>& request) try {
    const auto proxy = sdbus::createProxy(bus, daemon, "/");
    ToolAnswer answer;
    proxy->callMethod("Run")
        .onInterface("dbus_virtual_battery.Tools")
        .withTimeout(patience)
        .withArguments(request)
        .storeResultsTo(answer.code, answer.text);
    return answer.code == not_mine ? std::nullopt : std::optional{answer};
} catch (const sdbus::Error& error) {
    throw std::runtime_error{"the running daemon does not answer: " + error.getMessage()};
}

} // namespace

std::optional<ToolAnswer> ask_daemons(const std::vector<std::string>& request) {
    const auto bus = connect_bus();
    if (!bus) return std::nullopt;
    std::vector<std::string> names;
    sdbus::createProxy(*bus, "org.freedesktop.DBus", "/org/freedesktop/DBus")
        ->callMethod("ListNames")
        .onInterface("org.freedesktop.DBus")
        .storeResultsTo(names);
    for (const std::string& name : names) {
        if (!name.starts_with(tool_names)) continue;
        if (auto answer = ask(*bus, name, request)) return answer;
    }
    return std::nullopt;
}

} // namespace vbat
