#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vbat {

inline constexpr std::string_view tool_names = "dbus_virtual_battery.tools_"; // then the configured instance
inline constexpr std::int32_t not_mine = -1; // the answer of a daemon to which the request does not belong

struct ToolAnswer {
    std::int32_t code{};
    std::string text{};
};

// Asks the daemons that run on this device, one after the other, until one takes the request. Blocks. nullopt: there is
// none, or no bus. Throws std::runtime_error when a daemon is there and its answer does not come.
std::optional<ToolAnswer> ask_daemons(const std::vector<std::string>& request);

} // namespace vbat
