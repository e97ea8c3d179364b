#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vbat {

struct CodePoint {
    char32_t value{};
    std::string_view bytes{};
};

// The characters up to the first byte that is not UTF-8.
std::vector<CodePoint> code_points(std::string_view text);

bool is_utf8(std::string_view text);
bool is_control(char32_t c);

// The first control character; a tab is none.
std::optional<char32_t> find_control(std::string_view text);

// Blanks are what Python's str.strip() takes away, so that a no-break space from a web page does no harm.
std::string_view strip(std::string_view text);
std::size_t indentation(std::string_view line); // counted in characters

std::string lower(std::string_view text); // A to Z only

} // namespace vbat
