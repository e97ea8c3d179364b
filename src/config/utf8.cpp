#include "config/utf8.hpp"

#include <algorithm>
#include <cstdint>

namespace vbat {
namespace {

std::size_t length_by_first_byte(std::uint8_t byte) {
    if (byte < 0x80) return 1;
    if (byte >= 0xC2 && byte <= 0xDF) return 2;
    if (byte >= 0xE0 && byte <= 0xEF) return 3;
    if (byte >= 0xF0 && byte <= 0xF4) return 4;
    return 0;
}

// A longer form than needed, half of a UTF-16 pair, beyond Unicode: all of them are used to smuggle characters.
bool is_allowed(char32_t c, std::size_t length) {
    if (length == 3) return c >= 0x800 && (c < 0xD800 || c > 0xDFFF);
    if (length == 4) return c >= 0x10000 && c <= 0x10FFFF;
    return true;
}

bool is_blank(char32_t c) {
    constexpr std::u32string_view blanks = U"\t \u00A0\u1680\u2028\u2029\u202F\u205F\u3000";
    return blanks.find(c) != std::u32string_view::npos || (c >= 0x2000 && c <= 0x200A);
}

// nullopt: the text is empty, or does not start with UTF-8.
std::optional<CodePoint> first_code_point(std::string_view text) {
    if (text.empty()) return std::nullopt;
    const auto first = static_cast<std::uint8_t>(text[0]);
    const std::size_t length = length_by_first_byte(first);
    if (length == 1) return CodePoint{first, text.substr(0, 1)};
    if (length == 0 || text.size() < length) return std::nullopt;
    char32_t value = first & (0xFFU >> (length + 1));
    for (const char next : text.substr(1, length - 1)) {
        const auto byte = static_cast<std::uint8_t>(next);
        if ((byte & 0xC0U) != 0x80) return std::nullopt;
        value = (value << 6U) | (byte & 0x3FU);
    }
    if (!is_allowed(value, length)) return std::nullopt;
    return CodePoint{value, text.substr(0, length)};
}

} // namespace

std::vector<CodePoint> code_points(std::string_view text) {
    std::vector<CodePoint> all;
    for (auto c = first_code_point(text); c; c = first_code_point(text)) {
        all.push_back(*c);
        text.remove_prefix(c->bytes.size());
    }
    return all;
}

bool is_utf8(std::string_view text) {
    const auto all = code_points(text);
    return text.empty() || (!all.empty() && all.back().bytes.end() == text.end());
}

bool is_control(char32_t c) { return c < 0x20 || (c >= 0x7F && c <= 0x9F); }

std::optional<char32_t> find_control(std::string_view text) {
    for (const auto& c : code_points(text))
        if (is_control(c.value) && c.value != '\t') return c.value;
    return std::nullopt;
}

std::string_view strip(std::string_view text) {
    for (const auto& c : code_points(text)) {
        if (!is_blank(c.value)) break;
        text.remove_prefix(c.bytes.size());
    }
    if (!is_utf8(text)) return text;
    const auto all = code_points(text);
    for (auto c = all.rbegin(); c != all.rend() && is_blank(c->value); ++c) text.remove_suffix(c->bytes.size());
    return text;
}

std::size_t indentation(std::string_view line) {
    std::size_t blanks = 0;
    for (const auto& c : code_points(line)) {
        if (!is_blank(c.value)) break;
        ++blanks;
    }
    return blanks;
}

std::string lower(std::string_view text) {
    std::string result{text};
    std::ranges::transform(result, result.begin(),
                           [](char c) { return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c; });
    return result;
}

} // namespace vbat
