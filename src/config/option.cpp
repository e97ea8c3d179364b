#include "config/option.hpp"

#include "config/utf8.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <charconv>

namespace vbat {
namespace {

template <class T>
std::optional<double> parse_all(std::string_view text) {
    T parsed{};
    const char* const end = text.data() + text.size();
    const auto [stop, error] = std::from_chars(text.data(), end, parsed);
    if (error != std::errc{} || stop != end) return std::nullopt;
    return static_cast<double>(parsed);
}

} // namespace

std::string range_text(const Rule& rule) {
    if (!rule.words.empty()) return std::string{rule.words};
    return text(rule.min, " to ", rule.max, rule.unit.empty() ? "" : " ", rule.unit);
}

std::optional<double> parse_number(const Rule& rule, std::string_view text) {
    const auto parsed = rule.whole ? parse_all<std::int64_t>(text) : parse_all<double>(text);
    // written so that "nan" is outside as well
    const bool inside = parsed && *parsed >= static_cast<double>(rule.min) && *parsed <= static_cast<double>(rule.max);
    return inside ? parsed : std::nullopt;
}

// configparser's words for a boolean. Empty means no, as in dbus-mqtt-battery.
std::optional<bool> parse_flag(std::string_view text) {
    constexpr std::array<std::string_view, 4> yes{"1", "yes", "true", "on"};
    constexpr std::array<std::string_view, 5> no{"0", "no", "false", "off", ""};
    const std::string word = lower(text);
    if (std::ranges::find(yes, word) != yes.end()) return true;
    if (std::ranges::find(no, word) != no.end()) return false;
    return std::nullopt;
}

std::string number_mistake(const Rule& rule, const std::string& shown) {
    return text(shown, " is not a ", rule.whole ? "whole " : "", "number from ", rule.min, " to ", rule.max,
                rule.unit.empty() ? "" : " (", rule.unit, rule.unit.empty() ? "" : ")");
}

} // namespace vbat
