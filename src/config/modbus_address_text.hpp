#pragma once

#include "device/modbus_address.hpp"

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vbat {

// The parts of "host", "host:port", "[IPv6]:port" or "/dev/...".
struct AddressParts {
    std::string host{};
    std::optional<std::uint16_t> port{};
    std::string serial{};
};

// What is wrong with a text, or an empty string. `shown` is the text as a mistake may show it.
std::string address_mistake(const std::string& text, const std::string& shown);
std::string serial_mistake(const std::string& text, const std::string& shown);
std::string framing_mistake(const std::string& text, const std::string& shown);

std::optional<AddressParts> parse_address(const std::string& text); // nullopt: see address_mistake()
std::optional<Framing> parse_framing(const std::string& text);

// What is usual there, and why another framing does not go; empty: it does.
Framing usual_framing(const AddressParts& parts);
std::string framing_obstacle(Framing framing, const AddressParts& parts);

// Why there is no battery with that unit id; empty: there may be one.
std::string unit_obstacle(Framing framing, int unit);

// An address of the command line, where a framing may be named beside it; or what is wrong.
std::variant<ModbusAddress, std::string> modbus_address(const std::string& text, const std::string& framing);

} // namespace vbat
