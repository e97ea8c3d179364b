#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vbat {

// Whether a key, or a line that cannot be read, looks as if it held a password. Mistyped keys count, too.
bool is_secret(std::string_view key);

// A text from the file as a mistake shows it: on one line and not too long.
std::string plain(std::string_view text);
std::string in_quotes(std::string_view text);

// The candidate that was probably meant; nullopt when none is near.
std::optional<std::string> closest(std::string_view word, const std::vector<std::string>& candidates);

// ", did you mean X?" or nothing.
std::string did_you_mean(std::string_view word, const std::vector<std::string>& candidates);

} // namespace vbat
