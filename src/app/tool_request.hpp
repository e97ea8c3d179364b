#pragma once

#include "app/options.hpp"
#include "link/modbus_session.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace vbat {

// What the command line wants of batteries, and how it is asked of a running daemon over D-Bus (link/tool_client.hpp).
struct ToolRequest {
    Command command{};     // scan, set_id or read
    std::string address{}; // as to_string(ModbusAddress) says; scan, set_id
    int first{};           // unit id: the first, the old one; read: the device_instance
    int second{};          // unit id: the last, the new one
    std::string name{};    // read

    bool operator==(const ToolRequest&) const = default;
};

std::vector<std::string> to_words(const ToolRequest& request);
std::optional<ToolRequest> request_from(const std::vector<std::string>& words); // nullopt: of another version

struct ToolOutcome {
    std::int32_t code{}; // exit code of the command
    std::string text{};  // for stdout when the code is 0, else for stderr
};

ToolOutcome run(const ToolRequest& request, ModbusPort& port); // scan, set_id

} // namespace vbat
