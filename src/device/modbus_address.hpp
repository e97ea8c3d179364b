#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace vbat {

// How Modbus travels: MBAP over TCP, RTU frames over TCP (a transparent gateway), RTU on a serial line
// (docs/protocols/marstek-modbus.md, Transport).
enum class Framing : std::uint8_t { tcp, rtu_over_tcp, rtu };

inline constexpr std::uint16_t modbus_port = 502;

// One connection. Batteries behind one gateway have equal addresses and share it.
struct ModbusAddress {
    Framing framing{Framing::tcp};
    std::string host{}; // name or IP address without brackets; empty with Framing::rtu
    std::uint16_t port{modbus_port};
    std::string serial{}; // /dev/...; empty unless Framing::rtu

    bool operator==(const ModbusAddress&) const = default;
};

// "10.0.0.5:502", "[fe80::1]:502", "/dev/ttyUSB0": how logs and messages name it.
std::string to_string(const ModbusAddress& address);

} // namespace vbat
