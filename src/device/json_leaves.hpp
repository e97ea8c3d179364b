#pragma once

#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <variant>

namespace vbat {

struct JsonNull {};
struct Unusable {
    std::string_view what; // "a list", "NaN", "1e999"
};
using JsonLeaf = std::variant<JsonNull, bool, double, std::string_view, Unusable>;

inline constexpr int max_json_depth = 16;
inline constexpr int max_json_keys = 1000;
inline constexpr std::size_t longest_json_key = 64; // twice the longest we know

// Calls `take` for each leaf of a JSON object, in the order of the text; path: /Dc/Power (a key that is itself a path,
// "Dc/0/Power", reads the same). The views live for the call only. Returns why the text could not be read to its end.
using TakeLeaf = std::function<void(std::string_view path, const JsonLeaf& leaf)>;
std::optional<std::string> for_each_leaf(std::string_view json, const TakeLeaf& take);

// Python's NaN and Infinity, and numbers too large for a double, are no JSON. In the text returned they are, and become
// Unusable leaves instead of costing the whole message.
std::string with_unusable_quoted(std::string_view json);

} // namespace vbat
