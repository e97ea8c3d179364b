#include "config/modbus_address_text.hpp"

#include "config/checks.hpp"
#include "config/option.hpp"
#include "config/utf8.hpp"
#include "config/wording.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <utility>

namespace vbat {
namespace {

constexpr std::string_view device_folder = "/dev/";
constexpr Rule port_rule = whole_number(1, 65535);
constexpr int last_unit_on_a_line = 247; // "MODBUS over Serial Line Specification", 2.2: 248 to 255 are reserved

constexpr std::pair<std::string_view, Framing> framings[]{
    {"tcp", Framing::tcp},
    {"rtuovertcp", Framing::rtu_over_tcp},
    {"rtu", Framing::rtu},
};

bool is_path(const std::string& text) { return text.starts_with('/'); }
bool is_device(std::string_view text) { return text.starts_with(device_folder) && text.size() > device_folder.size(); }

// "host" and "port" of "host:port", with brackets around an IPv6 address: in "::1:502" nothing could tell them apart.
std::pair<std::string, std::string> split(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || is_host(text)) return {text, ""};
    return {text.substr(0, colon), text.substr(colon + 1)};
}

// Batteries share a connection when their addresses are equal. Capital letters matter in the name of an interface only.
std::string same_for_all(const std::string& host) {
    const auto zone = std::min(host.find('%'), host.size());
    return lower(host.substr(0, zone)) + host.substr(zone);
}

bool can_have_port(const std::string& host) {
    return is_host(host) && (host.starts_with('[') || host.find(':') == std::string::npos);
}

} // namespace

std::string address_mistake(const std::string& text, const std::string& shown) {
    if (text.empty()) return "'' is empty, write host[:port] or /dev/...";
    if (is_path(text)) return serial_mistake(text, shown);
    if (is_url(text)) return "this is a URL, write only host[:port]";
    if (is_host(text)) return "";
    const auto [host, port] = split(text);
    if (!can_have_port(host)) return shown + " is not host[:port] or /dev/..., write IPv6 as [address]:port";
    return parse_number(port_rule, port) ? "" : number_mistake(port_rule, "the port of " + shown);
}

std::string serial_mistake(const std::string& text, const std::string& shown) {
    return is_device(text) ? "" : shown + " is not a serial device, write /dev/...";
}

std::string framing_mistake(const std::string& text, const std::string& shown) {
    return parse_framing(text) ? "" : shown + " is not tcp, rtuovertcp or rtu";
}

std::optional<AddressParts> parse_address(const std::string& text) {
    if (!address_mistake(text, "").empty()) return std::nullopt;
    if (is_path(text)) return AddressParts{.serial = text};
    const auto [host, port] = split(text);
    AddressParts parts{.host = same_for_all(without_brackets(host))};
    if (const auto number = parse_number(port_rule, port)) parts.port = static_cast<std::uint16_t>(*number);
    return parts;
}

std::optional<Framing> parse_framing(const std::string& text) {
    const std::string word = lower(text);
    for (const auto& [name, framing] : framings)
        if (word == name) return framing;
    return std::nullopt;
}

Framing usual_framing(const AddressParts& parts) { return parts.serial.empty() ? Framing::tcp : Framing::rtu; }

std::string framing_obstacle(Framing framing, const AddressParts& parts) {
    if (parts.serial.empty())
        return framing == Framing::rtu ? "rtu is for a serial device, a host needs tcp or rtuovertcp" : "";
    return framing == Framing::rtu ? "" : "a serial device needs rtu";
}

std::string unit_obstacle(Framing framing, int unit) {
    if (framing == Framing::tcp || unit <= last_unit_on_a_line) return "";
    return text(unit, " is not from 1 to ", last_unit_on_a_line,
                ", with rtu and rtuovertcp the numbers above are reserved");
}

std::variant<ModbusAddress, std::string> modbus_address(const std::string& text, const std::string& framing) {
    const auto parts = parse_address(text);
    if (!parts) return address_mistake(text, in_quotes(text));
    const auto wanted = framing.empty() ? usual_framing(*parts) : parse_framing(framing);
    if (!wanted) return framing_mistake(framing, in_quotes(framing));
    if (auto obstacle = framing_obstacle(*wanted, *parts); !obstacle.empty()) return obstacle;
    return ModbusAddress{
        .framing = *wanted, .host = parts->host, .port = parts->port.value_or(modbus_port), .serial = parts->serial};
}

} // namespace vbat
