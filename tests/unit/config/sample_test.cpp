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

// The sample has several batteries: each key is explained in the first that has it.
bool is_in(const SampleKey& key, const KnownKey& known) {
    const bool same_section =
        key.section.starts_with("battery ") ? known.section == battery_section : known.section == key.section;
    return same_section && known.key == key.key;
}

} // namespace

SCENARIO("the sample explains every key") {
    const auto keys = sample_keys();
    for (const auto& known : known_keys()) {
        // One sentence in the sample says that the broker keys may stand in a battery's section as well.
        if (known.section == battery_section && is_broker_key(known.key)) continue;
        CAPTURE(std::string{known.key});
        const auto found = std::ranges::find_if(keys, [&](const SampleKey& each) { return is_in(each, known); });
        REQUIRE(found != keys.end());
        CHECK(found->comment.find(": " + known.range) != std::string::npos);
        CHECK(found->comment.find("(default: " + std::string{known.fallback} + ")") != std::string::npos);
    }
    for (const auto& key : keys) {
        CAPTURE(key.key);
        CHECK(std::ranges::any_of(known_keys(), [&](const KnownKey& known) { return is_in(key, known); }));
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
            REQUIRE(config.batteries.size() == 5);
            CHECK(config.batteries[0].broker.password == "content");
            CHECK(config.batteries[0].broker.tls.enabled);
            CHECK(config.batteries[1].name == "left");
            CHECK(config.batteries[1].capacity == 5120_Wh);
            CHECK(config.batteries[1].broker == config.batteries[0].broker);
            CHECK(config.publish_members);
        }
        THEN("it has a Marstek on the network, one behind a gateway and one at a serial device") {
            const auto modbus = [&](std::size_t index) { return config.batteries.at(index).modbus.value(); };
            CHECK(modbus(2).address == ModbusAddress{.host = "192.168.1.50"});
            CHECK(modbus(2).setup.model == "e3");
            CHECK(modbus(3).address ==
                  ModbusAddress{.framing = Framing::rtu_over_tcp, .host = "192.168.1.51", .port = 8899});
            CHECK(modbus(3).unit_id == 2);
            CHECK(modbus(3).setup.family == "v12");
            CHECK(modbus(4).address == ModbusAddress{.framing = Framing::rtu, .serial = "/dev/ttyUSB0"});
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
