#pragma once

#include "config/ini_file.hpp"

#include <cstddef>
#include <set>
#include <stdexcept>
#include <string>
#include <string_view>

namespace vbat {

class InterpolationError : public std::runtime_error {
public:
    using std::runtime_error::runtime_error;
};

// The value of `key` in `section`, or in DEFAULT when the section has none of its own; nullptr: in neither.
const IniValue* find_value(const IniFile& file, const IniSection& section, const std::string& key);

// Which values other values refer to: such a key has a purpose, even if this program does not know it.
using UsedValues = std::set<const IniValue*>;

// The value of a key with its references replaced, by the rules of configparser's BasicInterpolation: %(name)s stands
// for the value of `name` in the same section or in DEFAULT, %% for %.
class Interpolation {
public:
    // Throws InterpolationError. The key must exist.
    Interpolation(const IniFile& file, const IniSection& section, const std::string& key, UsedValues& used);

    const std::string& value() const { return value_; }
    bool contains_secret() const { return contains_secret_; }

private:
    void append_value(const std::string& key, int depth);
    std::size_t append_reference(const std::string& raw, std::size_t percent, int depth);
    std::string no_such_key(const std::string& name) const;
    void append(std::string_view part);

    const IniFile& file_;
    const IniSection& section_;
    UsedValues& used_;
    std::string value_;
    std::size_t effort_{};
    bool contains_secret_{};
};

} // namespace vbat
