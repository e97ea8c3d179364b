#include "device/modbus_address.hpp"

namespace vbat {

std::string to_string(const ModbusAddress& address) {
    if (!address.serial.empty()) return address.serial;
    const bool is_ipv6 = address.host.find(':') != std::string::npos;
    return (is_ipv6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

} // namespace vbat
