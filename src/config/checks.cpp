#include "config/checks.hpp"

#include "config/utf8.hpp"
#include "config/wording.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace vbat {
namespace {

template <class T>
using Word = std::pair<std::string_view, T>;

constexpr Word<LogLevel> log_levels[]{
    {"error", LogLevel::error},
    {"warning", LogLevel::warning},
    {"info", LogLevel::info},
    {"debug", LogLevel::debug},
};

constexpr Word<Coupling> couplings[]{
    {"dc", Coupling::dc},
    {"ac", Coupling::ac},
};

// A new kind of battery starts with its row here.
constexpr Word<BatteryType> battery_types[]{
    {"mqtt", BatteryType::mqtt},
    {"marstek-modbus", BatteryType::marstek_modbus},
};

template <class T, std::size_t count>
std::optional<T> find_word(const Word<T> (&table)[count], const std::string& text) {
    const std::string word = lower(text);
    const auto* const found = std::ranges::find(table, std::string_view{word}, &Word<T>::first);
    return found == std::end(table) ? std::nullopt : std::optional<T>{found->second};
}

constexpr std::size_t longest_topic = 65535; // MQTT counts it in two bytes

// Permanently no characters: brokers close the connection when they meet one.
bool is_noncharacter(char32_t c) { return (c & 0xFFFEU) == 0xFFFE || (c >= 0xFDD0 && c <= 0xFDEF); }

bool is_mqtt_text(std::string_view text) {
    return std::ranges::none_of(code_points(text),
                                [](const CodePoint& c) { return is_control(c.value) || is_noncharacter(c.value); });
}

} // namespace

std::string blank_mistake(const std::string& text, const std::string& shown) {
    if (strip(text).empty()) return shown + " is empty";
    const auto points = code_points(text);
    const bool carried = std::ranges::none_of(points, [](const CodePoint& c) { return is_noncharacter(c.value); });
    return carried ? "" : shown + " contains a character that D-Bus does not carry";
}

std::string log_level_mistake(const std::string& text, const std::string& shown) {
    return parse_log_level(text) ? "" : shown + " is not ERROR, WARNING, INFO or DEBUG";
}

std::string coupling_mistake(const std::string& text, const std::string& shown) {
    return parse_coupling(text) ? "" : shown + " is not dc or ac";
}

std::string type_mistake(const std::string& text, const std::string& shown) {
    return parse_type(text) ? "" : shown + " is not known, this version knows: " + type_names();
}

std::string topic_mistake(const std::string& text, const std::string& shown) {
    if (text.empty()) return "'' is empty";
    if (text.size() > longest_topic) return vbat::text(shown, " is longer than ", longest_topic, " bytes");
    if (text.find_first_of("+#") != std::string::npos)
        return shown + " contains a wildcard (+ or #), a battery needs one topic of its own";
    if (!is_mqtt_text(text)) return shown + " contains a character that MQTT does not allow, for example a tab";
    return "";
}

std::string battery_name_mistake(const std::string& name) {
    constexpr std::string_view allowed = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_-";
    if (name.empty()) return "has no name, write [battery NAME]";
    if (name.size() <= 32 && name.find_first_not_of(allowed) == std::string::npos) return "";
    return "the name " + in_quotes(name) + " is not 1 to 32 characters out of A-Z, a-z, 0-9, _ and -";
}

std::optional<LogLevel> parse_log_level(const std::string& text) { return find_word(log_levels, text); }
std::optional<Coupling> parse_coupling(const std::string& text) { return find_word(couplings, text); }
std::optional<BatteryType> parse_type(const std::string& text) { return find_word(battery_types, text); }

std::string type_names() {
    std::string all;
    for (const auto& [name, type] : battery_types) all += (all.empty() ? "" : ", ") + std::string{name};
    return all;
}

std::string_view name_of(BatteryType type) {
    return std::ranges::find(battery_types, type, &Word<BatteryType>::second)->first;
}

} // namespace vbat
