#include "config/option_tables.hpp"
#include "config_testing.hpp"

#include <algorithm>
#include <iterator>
#include <sstream>
#include <vector>

using namespace vbat;
using namespace vbat::testing;

namespace {

std::string sample() {
    std::ifstream file{VBAT_SOURCE_DIR "/config.sample.ini"};
    REQUIRE(file);
    return {std::istreambuf_iterator<char>{file}, {}};
}

std::string replaced(std::string text, const std::string& from, const std::string& to) {
    const auto place = text.find(from);
    REQUIRE(place != std::string::npos);
    return text.replace(place, from.size(), to);
}

// Every "[section]" and "key = value", also those behind a semicolon, with the comment line above it.
struct SampleKey {
    std::string section{};
    std::string key{};
    std::string comment{};
};

// The section or key in a line that may be commented out; explanations have a blank behind their semicolon.
std::string uncommented(const std::string& line) {
    const bool is_setting = line.size() > 1 && line[0] == ';' && line[1] != ' ';
    return is_setting ? line.substr(1) : line;
}

std::vector<SampleKey> sample_keys() {
    std::vector<SampleKey> keys;
    std::istringstream lines{sample()};
    std::string section;
    std::string comment;
    for (std::string line; std::getline(lines, line);) {
        const std::string setting = uncommented(line);
        const auto equals = setting.find(" = ");
        if (line.starts_with("; ") && line.find("(default: ") != std::string::npos) comment = line;
        else if (line.empty()) comment.clear();
        else if (setting.starts_with('[')) section = setting.substr(1, setting.size() - 2);
        else if (!setting.starts_with(';') && equals != std::string::npos)
            keys.push_back({section, setting.substr(0, equals), comment});
    }
    return keys;
}

std::string with_every_key(const std::string& content) {
    std::string all;
    std::istringstream lines{content};
    for (std::string line; std::getline(lines, line);) all += uncommented(line) + "\n";
    return all;
}

bool is_broker_key(std::string_view key) {
    return std::ranges::any_of(broker_options(), [&](const auto& row) { return row.key == key; });
}

std::string section_in_sample(const KnownKey& known) {
    return known.section == battery_section ? "battery left" : std::string{known.section};
}

} // namespace

SCENARIO("the sample explains every key") {
    const auto keys = sample_keys();
    for (const auto& known : known_keys()) {
        // One sentence in the sample says that the broker keys may stand in a battery's section as well.
        if (known.section == battery_section && is_broker_key(known.key)) continue;
        CAPTURE(std::string{known.key});
        const auto found = std::ranges::find_if(keys, [&](const SampleKey& each) {
            return each.section == section_in_sample(known) && each.key == known.key;
        });
        REQUIRE(found != keys.end());
        CHECK(found->comment.find(": " + known.range) != std::string::npos);
        CHECK(found->comment.find("(default: " + std::string{known.fallback} + ")") != std::string::npos);
    }
    for (const auto& key : keys) {
        CAPTURE(key.key);
        CHECK(std::ranges::any_of(known_keys(), [&](const KnownKey& known) {
            return section_in_sample(known) == key.section && known.key == key.key;
        }));
    }
    CHECK(sample().find("Every key above from broker_address to password_file may stand here too") !=
          std::string::npos);
}

SCENARIO("the sample works") {
    const TempFolder folder;
    GIVEN("the sample as it is") {
        THEN("only the placeholder is wrong") {
            const std::string problems = problems_in(sample());
            CHECK(problems.find("is still the placeholder") != std::string::npos);
            CHECK(problems.find('\n') == std::string::npos);
        }
    }
    GIVEN("the sample with the address filled in") {
        const Config config = config_of(replaced(sample(), "IP_ADDR_OR_FQDN", "broker"));
        const Config defaults = config_of(one_battery);
        THEN("it says what the defaults are") {
            CHECK(config.logging == defaults.logging);
            CHECK(config.device_name == defaults.device_name);
            CHECK(config.device_instance == defaults.device_instance);
            CHECK(config.timeout == defaults.timeout);
            CHECK(config.time_to_go.enabled == defaults.time_to_go.enabled);
            CHECK(config.time_to_go.soc == defaults.time_to_go.soc);
            CHECK(config.time_to_go.recalculate_every == defaults.time_to_go.recalculate_every);
            REQUIRE(config.batteries.size() == 1);
            CHECK(config.batteries[0].broker == defaults.batteries[0].broker);
        }
    }
    GIVEN("the sample with every key uncommented") {
        for (const std::string name : {"mosquitto.crt", "client.crt", "client.key", "mqtt-password"})
            folder.write(name, "content");
        std::string all = with_every_key(replaced(sample(), "IP_ADDR_OR_FQDN", "broker"));
        all = replaced(all, "\npassword = mypassword\n", "\n");
        while (all.find("/data/keys/") != std::string::npos) all = replaced(all, "/data/keys/", "");
        const Config config = config_of(all, folder.path());
        THEN("it is complete") {
            REQUIRE(config.batteries.size() == 2);
            CHECK(config.batteries[0].broker.password == "content");
            CHECK(config.batteries[0].broker.tls.enabled);
            CHECK(config.batteries[1].name == "left");
            CHECK(config.batteries[1].capacity == 5120_Wh);
            CHECK(config.batteries[1].broker == config.batteries[0].broker);
        }
    }
}

SCENARIO("every key is one row") {
    const auto& keys = known_keys();
    for (auto key = keys.begin(); key != keys.end(); ++key)
        CHECK(std::none_of(std::next(key), keys.end(), [&](const KnownKey& other) {
            return other.section == key->section && other.key == key->key;
        }));
}
