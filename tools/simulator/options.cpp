#include "tools/simulator/options.hpp"

#include <CLI/CLI.hpp>

#include <array>
#include <charconv>
#include <cmath>
#include <sstream>
#include <stdexcept>

namespace vbat::sim {
namespace {

constexpr int usage_error = 2;

double number(const std::string& key, const std::string& text) {
    double value = 0;
    const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
    if (error != std::errc{} || end != text.data() + text.size() || !std::isfinite(value))
        throw std::invalid_argument{key + "=" + text + ": a number is expected"};
    return value;
}
int whole(const std::string& key, const std::string& text) {
    const double value = number(key, text);
    if (!within(value, 0, 65535)) throw std::invalid_argument{key + "=" + text + ": not in 0..65535"};
    return static_cast<int>(value);
}

Framing framing(const std::string& text) {
    if (text == "tcp") return Framing::tcp;
    if (text == "rtuovertcp") return Framing::rtu_over_tcp;
    if (text == "rtu") return Framing::rtu;
    throw std::invalid_argument{"framing=" + text + ": tcp, rtuovertcp or rtu is expected"};
}

// A word of --battery.
struct Word {
    std::string_view key{};
    void (*store)(BatterySpec& spec, const std::string& key, const std::string& text){};
};
using Text = const std::string&;
constexpr std::array battery_words{
    Word{"name", [](BatterySpec& spec, Text, Text text) { spec.name = text; }},
    Word{"model", [](BatterySpec& spec, Text, Text text) { spec.model = text; }},
    Word{"plant", [](BatterySpec& spec, Text, Text text) { spec.plant = text; }},
    Word{"soc", [](BatterySpec& spec, Text key, Text text) { spec.soc = number(key, text); }},
    Word{"packs", [](BatterySpec& spec, Text key, Text text) { spec.packs = whole(key, text); }},
    Word{"unit", [](BatterySpec& spec, Text key, Text text) { spec.unit = whole(key, text); }},
    Word{"port", [](BatterySpec& spec, Text key, Text text) { spec.port = whole(key, text); }},
    Word{"gateway", [](BatterySpec& spec, Text, Text text) { spec.gateway = text; }},
    Word{"firmware", [](BatterySpec& spec, Text key, Text text) { spec.firmware = whole(key, text); }},
    Word{"ct", [](BatterySpec& spec, Text key, Text text) { spec.ct = whole(key, text) != 0; }},
    Word{"backup", [](BatterySpec& spec, Text key, Text text) { spec.backup_watts = whole(key, text); }},
    Word{"pv", [](BatterySpec& spec, Text, Text text) { spec.solar = text; }},
    Word{"framing", [](BatterySpec& spec, Text, Text text) { spec.framing = framing(text); }},
};

void take_word(BatterySpec& spec, const std::string& text) {
    const auto equals = text.find('=');
    const std::string key = text.substr(0, equals);
    std::string all;
    for (const Word& word : battery_words) {
        if (word.key == key && equals != text.npos) return word.store(spec, key, text.substr(equals + 1));
        all += (all.empty() ? "" : ", ") + std::string{word.key};
    }
    throw std::invalid_argument{"'" + text + "' of a battery is unknown; there are " + all + ", each with =value"};
}

// battery:name=value, or battery:name for 1.
void take_fault(std::vector<BatterySpec>& batteries, const std::string& text) {
    const auto colon = text.find(':');
    const auto equals = text.find('=');
    if (colon == text.npos) throw std::invalid_argument{"--fault " + text + ": battery:name=value is expected"};
    const FaultRow& row = fault_row(text.substr(colon + 1, equals == text.npos ? equals : equals - colon - 1));
    const double value = equals == text.npos ? 1 : number(std::string{row.name}, text.substr(equals + 1));
    for (BatterySpec& battery : batteries)
        if (battery.name == text.substr(0, colon)) return battery.faults.emplace_back(row.fault, value), void();
    throw std::invalid_argument{"--fault " + text + ": no battery of this name"};
}

std::string fault_lines() {
    std::ostringstream out;
    for (const FaultRow& row : fault_table())
        out << row.name << " (" << row.parameter << ", " << row.initial << "): " << row.what << "\n";
    return out.str();
}

// What the command line says, before it is understood.
struct Words {
    std::vector<std::string> batteries{};
    std::vector<std::string> faults{};
    bool list_faults{};
};

void describe(CLI::App& cli, Options& options, Words& words) {
    SimulationSpec& simulation = options.simulation;
    cli.add_option("--battery", words.batteries,
                   "name=garage,model=e3[,port=0][,soc=50][,unit=1][,framing=tcp|rtuovertcp|rtu][,gateway=NAME]"
                   "[,plant=nom|fast|slow|api][,packs=N][,firmware=N][,ct=1][,backup=W][,pv=SOURCE]");
    cli.add_option("--fault", words.faults, "battery:name=value, see --faults");
    cli.add_option("--load", simulation.house.load, "constant:W, profile:day or csv:FILE")->capture_default_str();
    cli.add_option("--pv", simulation.house.solar, "constant:W, profile:clear[:W], profile:clouds[:W] or csv:FILE")
        ->capture_default_str();
    cli.add_option("--start-hour", simulation.house.start_hour, "of a Monday")
        ->capture_default_str()
        ->check(CLI::Range(0.0, 24.0));
    cli.add_option("--seed", simulation.house.seed, "of noise, profiles and random faults")->capture_default_str();
    cli.add_option("--speed", simulation.speed, "of the physics")->capture_default_str();
    cli.add_option("--control-port", options.control_port, "JSON lines on loopback; 0: chosen by the system")
        ->check(CLI::Range(0, 65535));
    cli.add_option("--address", options.address, "where the batteries listen")->capture_default_str();
    cli.add_flag("--random-faults", simulation.random_faults, "one fault after the other, by the seed");
    cli.add_flag("--faults", words.list_faults, "print all faults");
}

} // namespace

BatterySpec battery_spec(const std::string& text) {
    BatterySpec spec;
    std::istringstream stream{text};
    for (std::string word; std::getline(stream, word, ',');) take_word(spec, word);
    if (spec.name.empty() || spec.model.empty())
        throw std::invalid_argument{"--battery " + text + ": name= and model= are needed"};
    return spec;
}

ParsedOptions parse_options(int argc, const char* const* argv) {
    ParsedOptions parsed;
    HouseSpec& house = parsed.options.simulation.house;
    Words words;
    CLI::App cli{"A house with Marstek batteries that answer on Modbus.", "simulator"};
    describe(cli, parsed.options, words);
    try {
        cli.parse(argc, argv);
        for (const std::string& text : words.batteries) house.batteries.push_back(battery_spec(text));
        for (const std::string& text : words.faults) take_fault(house.batteries, text);
        if (words.list_faults) parsed.usage = Usage{fault_lines(), 0};
        else if (words.batteries.empty())
            parsed.usage = Usage{"simulator: at least one --battery is needed; see --help\n", usage_error};
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        const int code = cli.exit(error, out, out);
        parsed.usage = Usage{out.str(), code == 0 ? 0 : usage_error};
    } catch (const std::invalid_argument& error) {
        parsed.usage = Usage{"simulator: " + std::string{error.what()} + "\n", usage_error};
    }
    return parsed;
}

} // namespace vbat::sim
