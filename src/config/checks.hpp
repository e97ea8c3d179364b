#pragma once

#include "config/config.hpp"

#include <optional>
#include <string>

namespace vbat {

// What is wrong with a text, or an empty string. `shown` is the text as a mistake may show it (see Rule::check).
std::string blank_mistake(const std::string& text, const std::string& shown);
std::string log_level_mistake(const std::string& text, const std::string& shown);
std::string coupling_mistake(const std::string& text, const std::string& shown);
std::string type_mistake(const std::string& text, const std::string& shown);
std::string topic_mistake(const std::string& text, const std::string& shown);
std::string host_mistake(const std::string& text, const std::string& shown);
std::string battery_name_mistake(const std::string& name);

std::optional<LogLevel> parse_log_level(const std::string& text);
std::optional<Coupling> parse_coupling(const std::string& text);
std::optional<BatteryType> parse_type(const std::string& text);
std::string type_names(); // of all battery types, for the user

bool is_host(const std::string& text);        // a host name or IP address; IPv6 with or without brackets
bool is_placeholder(const std::string& text); // of the sample: nobody has written a broker's address yet
bool is_url(const std::string& text);         // not to be shown: it has room for a password

// An IPv6 address is used without the brackets it may be written in.
std::string without_brackets(const std::string& host);

} // namespace vbat
