#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vbat {

// Where a value stands, so that a later check can name the place.
struct Origin {
    int line{};
    std::string where{}; // "[MQTT] broker_port: "
    bool inherited{};    // it stands in DEFAULT, not in the section itself
    bool secret{};       // the text must not be shown
};

template <class T>
struct Given {
    T value{};
    Origin origin{};
};

// What a key says; nullopt: the key is missing. A text is kept even when it is wrong (and was reported): it is not
// missing.
using Number = std::optional<Given<double>>;
using Flag = std::optional<Given<bool>>;
using Text = std::optional<Given<std::string>>;

// What is wrong with a text; empty when nothing is. `shown` is the text as a mistake may show it.
using TextCheck = std::string (*)(const std::string& text, const std::string& shown);

// Which texts a key accepts.
struct Rule {
    std::string_view words{}; // for a text or a flag: what the user writes
    TextCheck check{};        // for a text; nullptr: anything goes
    std::int64_t min{};
    std::int64_t max{};
    bool whole{};
    std::string_view unit{};
    bool many_lines{}; // for a text: indented lines may continue it
};

constexpr Rule whole_number(std::int64_t min, std::int64_t max, std::string_view unit = "") {
    return {.words = {}, .check = {}, .min = min, .max = max, .whole = true, .unit = unit, .many_lines = {}};
}
constexpr Rule number(std::int64_t min, std::int64_t max, std::string_view unit) {
    return {.words = {}, .check = {}, .min = min, .max = max, .whole = false, .unit = unit, .many_lines = {}};
}
constexpr Rule words(std::string_view range, TextCheck check = nullptr) {
    return {.words = range, .check = check, .min = {}, .max = {}, .whole = {}, .unit = {}, .many_lines = {}};
}
constexpr Rule lines_of_words(std::string_view range, TextCheck check) {
    Rule rule = words(range, check);
    rule.many_lines = true;
    return rule;
}
inline constexpr Rule yes_or_no = words("0 or 1");

// One key: where its value goes in `Draft` and all a user has to know about it. The member's type decides how the text
// is read.
template <class Draft>
struct Option {
    std::string_view key{};
    std::variant<Number Draft::*, Flag Draft::*, Text Draft::*> target{};
    Rule rule{};
    std::string_view fallback{}; // what holds when the key is missing, in words
};

// "1 to 65535", "5 to 86400 seconds", "dc or ac"
std::string range_text(const Rule& rule);

std::optional<double> parse_number(const Rule& rule, std::string_view text);
std::optional<bool> parse_flag(std::string_view text);

// "'99999' is not a whole number from 1 to 65535"
std::string number_mistake(const Rule& rule, const std::string& shown);

} // namespace vbat
