#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

namespace vbat {

// What a leaf of the JSON may be besides a value we can use.
struct JsonNull {};
struct Unusable {
    std::string what; // "a list", "NaN", "1e999"
};
using JsonLeaf = std::variant<JsonNull, bool, double, std::string, Unusable>;

struct FlatEntry {
    std::string path; // /Dc/Power; a key that is itself a path ("Dc/0/Power") reads the same
    JsonLeaf value;
};

struct FlatJson {
    std::vector<FlatEntry> entries{};      // each path once; of a key given twice the last one counts, as in Python
    std::vector<std::string> duplicates{}; // paths that were given more than once
    std::optional<std::string> error{};    // why nothing could be read; then there are no entries
};

inline constexpr int max_json_depth = 16;
inline constexpr std::size_t max_json_keys = 1000;

// A JSON object as a flat list of its leaves. Python's NaN, Infinity and numbers too large for a double, which are no
// JSON, become Unusable leaves instead of costing the whole message.
FlatJson flatten_json(std::string_view payload);

} // namespace vbat
