#include "config/config.hpp"

#include "config/batteries.hpp"
#include "config/checks.hpp"
#include "config/ini_file.hpp"
#include "config/sections.hpp"

#include <algorithm>
#include <utility>

namespace vbat {
namespace {

constexpr int dc_instance = 100;
constexpr int ac_instance = 600; // above 512, so that systemcalc prefers any battery that is on the DC busbar

std::string joined(const std::vector<std::string>& lines) {
    std::string all;
    for (const auto& line : lines) all += (all.empty() ? "" : "\n") + line;
    return all;
}

std::chrono::seconds seconds(const Number& key, std::chrono::seconds fallback) {
    return key ? std::chrono::seconds{static_cast<std::chrono::seconds::rep>(key->value)} : fallback;
}

int instance(const Number& key, const std::vector<BatteryConfig>& batteries) {
    if (key) return static_cast<int>(key->value);
    const bool any_ac = std::ranges::find(batteries, Coupling::ac, &BatteryConfig::coupling) != batteries.end();
    return any_ac ? ac_instance : dc_instance;
}

TimeToGoConfig make_time_to_go(const TimeToGoKeys& keys) {
    TimeToGoConfig config;
    if (keys.enabled) config.enabled = keys.enabled->value;
    if (keys.soc) config.soc = Percent{keys.soc->value};
    config.recalculate_every = seconds(keys.recalculate_every, config.recalculate_every);
    return config;
}

Config make_config(const Draft& draft, const std::filesystem::path& folder, Mistakes& mistakes) {
    const DefaultKeys& keys = draft.defaults;
    Config config;
    if (keys.logging) config.logging = parse_log_level(keys.logging->value).value_or(config.logging);
    config.device_name = keys.device_name ? keys.device_name->value : "Virtual Battery";
    config.timeout = seconds(keys.timeout, config.timeout);
    config.time_to_go = make_time_to_go(draft.time_to_go);
    config.publish_members = keys.publish_members && keys.publish_members->value;
    config.batteries = make_batteries(draft, folder, mistakes);
    config.device_instance = instance(keys.device_instance, config.batteries);
    return config;
}

} // namespace

ConfigError::ConfigError(std::vector<std::string> problems)
    : std::runtime_error(joined(problems)), problems_{std::move(problems)} {}

Config load_config(const std::string& content, const std::filesystem::path& folder) {
    Mistakes mistakes;
    const IniFile file = read_ini(content, mistakes);
    Config config = make_config(read_sections(file, mistakes), folder, mistakes);
    if (!mistakes.empty()) throw ConfigError{mistakes.sentences()};
    return config;
}

} // namespace vbat
