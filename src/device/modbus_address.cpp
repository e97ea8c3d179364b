#include "device/modbus_address.hpp"

namespace vbat {

std::string to_string(const ModbusAddress& address) {
    if (address.framing == Framing::rtu) return address.serial;
    const bool ipv6 = address.host.find(':') != std::string::npos;
    return (ipv6 ? '[' + address.host + ']' : address.host) + ':' + std::to_string(address.port);
}

} // namespace vbat
