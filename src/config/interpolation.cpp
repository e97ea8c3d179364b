#include "config/interpolation.hpp"

#include "config/utf8.hpp"
#include "config/wording.hpp"
#include "runtime/text.hpp"

namespace vbat {
namespace {

constexpr const char* wrong_percent = "'%' must be written '%%'";
constexpr int max_depth = 10; // as configparser

// Ten levels of values that mention the next one ten times would take for ever; nobody needs more than this.
constexpr std::size_t max_effort = 100000;

} // namespace

const IniValue* find_value(const IniFile& file, const IniSection& section, const std::string& key) {
    for (const IniSection* place : {&section, &file.defaults})
        if (const auto found = place->values.find(key); found != place->values.end()) return &found->second;
    return nullptr;
}

Interpolation::Interpolation(const IniFile& file, const IniSection& section, const std::string& key, UsedValues& used)
    : file_{file}, section_{section}, used_{used} {
    append_value(key, 1);
}

void Interpolation::append_value(const std::string& key, int depth) {
    const std::string& raw = find_value(file_, section_, key)->raw;
    contains_secret_ = contains_secret_ || is_secret(key);
    std::size_t position = 0;
    while (position < raw.size()) {
        const std::size_t percent = raw.find('%', position);
        append(std::string_view{raw}.substr(position, percent - position));
        if (percent == std::string::npos) return;
        if (depth > max_depth) throw InterpolationError(text("references go more than ", max_depth, " levels deep"));
        position = append_reference(raw, percent, depth);
    }
}

// Returns the position behind the reference.
std::size_t Interpolation::append_reference(const std::string& raw, std::size_t percent, int depth) {
    if (raw.compare(percent, 2, "%%") == 0) {
        append("%");
        return percent + 2;
    }
    const std::size_t end = raw.find(')', percent);
    const bool complete = raw.compare(percent, 2, "%(") == 0 && end != std::string::npos && end > percent + 2 &&
                          raw.compare(end, 2, ")s") == 0;
    if (!complete) throw InterpolationError(wrong_percent);
    const std::string name = lower(raw.substr(percent + 2, end - percent - 2));
    const IniValue* const target = find_value(file_, section_, name);
    if (target == nullptr) throw InterpolationError(no_such_key(name));
    used_.insert(target);
    append_value(name, depth + 1);
    return end + 2;
}

// Part of a password may look like a reference: then its name is not shown.
std::string Interpolation::no_such_key(const std::string& name) const {
    return contains_secret_ ? wrong_percent : text("%(", plain(name), ")s refers to a key that does not exist");
}

void Interpolation::append(std::string_view part) {
    effort_ += part.size() + 1;
    if (effort_ > max_effort) throw InterpolationError(text("references make it longer than ", max_effort, " bytes"));
    value_ += part;
}

} // namespace vbat
