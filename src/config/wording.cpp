#include "config/wording.hpp"

#include "config/utf8.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <numeric>

namespace vbat {
namespace {

constexpr std::size_t longest_shown = 80;

// Levenshtein: how many letters must be changed, added or removed.
std::size_t distance(std::string_view from, std::string_view to) {
    std::vector<std::size_t> row(to.size() + 1);
    std::iota(row.begin(), row.end(), std::size_t{0});
    for (std::size_t i = 0; i < from.size(); ++i) {
        std::size_t diagonal = row[0];
        row[0] = i + 1;
        for (std::size_t k = 0; k < to.size(); ++k) {
            const std::size_t changed = diagonal + (from[i] == to[k] ? 0 : 1);
            diagonal = row[k + 1];
            row[k + 1] = std::min({changed, row[k] + 1, row[k + 1] + 1});
        }
    }
    return row[to.size()];
}

} // namespace

bool is_secret(std::string_view key) {
    constexpr std::array<std::string_view, 4> signs{"pas", "pw", "secret", "token"};
    const std::string word = lower(key);
    return word != "password_file" &&
           std::ranges::any_of(signs, [&](std::string_view sign) { return word.find(sign) != std::string::npos; });
}

std::string plain(std::string_view text) {
    std::string result;
    for (const auto& c : code_points(text)) {
        if (result.size() + c.bytes.size() > longest_shown) return result + "...";
        if (is_control(c.value)) result += '?';
        else result += c.bytes;
    }
    return result;
}

std::string in_quotes(std::string_view text) { return "'" + plain(text) + "'"; }

std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& candidates) {
    const std::string meant = lower(word);
    std::size_t best_distance = std::max<std::size_t>(meant.size() / 3, meant.size() < 5 ? 1 : 2) + 1;
    std::optional<std::string> best;
    for (const auto& candidate : candidates) {
        // 'port' is far from 'broker_port' in letters, but near in a user's mind
        const bool last_part = candidate.ends_with("_" + meant);
        const std::size_t away = last_part ? 1 : distance(meant, lower(candidate));
        if (away >= best_distance) continue;
        best_distance = away;
        best = candidate;
    }
    return best;
}

std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates) {
    const auto candidate = closest(word, candidates);
    return candidate ? ", did you mean " + *candidate + "?" : "";
}

} // namespace vbat
