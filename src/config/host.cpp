#include "config/checks.hpp"

#include <arpa/inet.h>

#include <string_view>

namespace vbat {
namespace {

constexpr std::string_view placeholder = "IP_ADDR_OR_FQDN"; // of config.sample.ini and of dbus-mqtt-battery's
constexpr std::string_view digits = "0123456789";

bool consists_of(std::string_view text, std::string_view allowed) {
    return !text.empty() && text.find_first_not_of(allowed) == std::string_view::npos;
}

bool is_ipv4(const std::string& text) {
    in_addr address{};
    return inet_pton(AF_INET, text.c_str(), &address) == 1;
}

// In fe80::1%eth0:502 a port was meant.
bool is_zone(std::string_view name) { return !name.empty() && name.find(':') == std::string_view::npos; }

// A link-local address needs its interface: fe80::1%eth0
bool is_ipv6(const std::string& text) {
    const auto zone = text.find('%');
    const bool whole_zone = zone == std::string::npos || is_zone(std::string_view{text}.substr(zone + 1));
    in6_addr address{};
    return whole_zone && inet_pton(AF_INET6, text.substr(0, zone).c_str(), &address) == 1;
}

bool is_label(std::string_view label) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    return consists_of(label, allowed) && label.size() <= 63 && label.front() != '-';
}

bool is_host_name(std::string_view text) {
    if (text.size() > 253) return false;
    if (text.ends_with('.')) text.remove_suffix(1);
    while (true) {
        const auto dot = text.find('.');
        if (!is_label(text.substr(0, dot))) return false;
        if (dot == std::string_view::npos) return true;
        text.remove_prefix(dot + 1);
    }
}

// "host:1883" or "[::1]:1883". In "::1:1883" nothing could tell a port from the address.
bool has_port(const std::string& text) {
    const auto colon = text.rfind(':');
    if (colon == std::string::npos || !consists_of(std::string_view{text}.substr(colon + 1), digits)) return false;
    const std::string host = text.substr(0, colon);
    return is_host(host) && (host.starts_with('[') || host.find(':') == std::string::npos);
}

} // namespace

bool is_host(const std::string& text) {
    if (text.starts_with('[') && text.ends_with(']')) return is_ipv6(without_brackets(text));
    if (text.find(':') != std::string::npos) return is_ipv6(text);
    // 192.168.1.300 would pass as a host name
    return consists_of(text, "0123456789.") ? is_ipv4(text) : is_host_name(text);
}

bool is_placeholder(const std::string& text) { return text == placeholder; }

bool is_url(const std::string& text) {
    return text.find("://") != std::string::npos || text.find('@') != std::string::npos;
}

std::string without_brackets(const std::string& host) {
    return host.starts_with('[') && host.ends_with(']') ? host.substr(1, host.size() - 2) : host;
}

std::string host_mistake(const std::string& text, const std::string& shown) {
    if (text.empty()) return "'' is empty, write the host name or IP address of the MQTT broker";
    if (is_placeholder(text))
        return shown + " is still the placeholder, write the host name or IP address of the MQTT broker, or remove "
                       "broker_address and topic when no battery is on MQTT";
    if (is_url(text)) return "this is a URL, write only the host name or IP address, and the port as broker_port";
    if (is_host(text)) return "";
    if (has_port(text)) return shown + " contains a port, write only the host here and the port as broker_port";
    return shown + " is not a host name or IP address";
}

} // namespace vbat
