#include "config/unknown.hpp"

#include "config/option_tables.hpp"
#include "config/utf8.hpp"
#include "config/wording.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <string>
#include <vector>

namespace vbat {
namespace {

constexpr std::string_view battery_word = "battery";

// The name under which the tables know a section.
std::string_view kind_of(std::string_view section) { return is_battery_section(section) ? battery_section : section; }

// A key in DEFAULT is inherited by every section, so each of them may need it.
bool belongs_in(const KnownKey& known, std::string_view section) {
    return section == "DEFAULT" || known.section == kind_of(section);
}

std::vector<std::string> keys_of(std::string_view section) {
    std::vector<std::string> keys;
    for (const auto& known : known_keys())
        if (belongs_in(known, section)) keys.emplace_back(known.key);
    return keys;
}

// "[MQTT] or [battery NAME]"; empty when no section has such a key.
std::string home_of(std::string_view key) {
    std::string homes;
    for (const auto& known : known_keys())
        if (known.key == key) homes += text(homes.empty() ? "[" : " or [", known.section, ']');
    return homes;
}

// 'port' belongs to other sections, but in [MQTT] broker_port was meant.
bool ends_a_longer_one(const std::string& key, const std::vector<std::string>& accepted) {
    return std::ranges::any_of(accepted, [&](const std::string& each) { return each.ends_with("_" + key); });
}

std::string advice_on_key(const std::string& key, const std::vector<std::string>& accepted) {
    const std::string home = home_of(key);
    return home.empty() || ends_a_longer_one(key, accepted) ? did_you_mean(key, accepted)
                                                            : " here, it belongs in " + home;
}

std::string advice_on_section(std::string_view name) {
    const std::string first_word = lower(name.substr(0, name.find(' ')));
    if (closest(first_word, {std::string{battery_word}})) return ", did you mean [battery NAME]?";
    const std::string near = did_you_mean(text('[', name, ']'), {"[DEFAULT]", "[TIME_TO_GO]", "[MQTT]"});
    return near.empty() ? ", this version knows [DEFAULT], [TIME_TO_GO], [MQTT] and [battery NAME]" : near;
}

void report_unknown_keys(const IniSection& section, const UsedValues& used, Mistakes& mistakes) {
    const auto accepted = keys_of(section.name);
    for (const auto& [key, value] : section.values) {
        if (std::ranges::find(accepted, key) != accepted.end() || used.contains(&value)) continue;
        const std::string advice = advice_on_key(key, accepted);
        mistakes.add(value.line, text('[', plain(section.name), "] ", plain(key), ": unknown key", advice));
    }
}

void report_unknown_section(const IniSection& section, Mistakes& mistakes) {
    const std::string advice = advice_on_section(section.name);
    mistakes.add(section.line, text('[', plain(section.name), "] is not a known section", advice));
}

} // namespace

bool is_battery_section(std::string_view name) {
    if (!name.starts_with(battery_word)) return false;
    const auto rest = name.substr(battery_word.size());
    return rest.empty() || indentation(rest) > 0;
}

bool is_known_section(std::string_view name) { return !keys_of(name).empty(); }

void report_unknown(const IniFile& file, const UsedValues& used, Mistakes& mistakes) {
    report_unknown_keys(file.defaults, used, mistakes);
    for (const auto& section : file.sections) {
        if (is_known_section(section.name)) report_unknown_keys(section, used, mistakes);
        else report_unknown_section(section, mistakes);
    }
}

} // namespace vbat
