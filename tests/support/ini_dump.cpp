// Reads an INI file from standard input and prints what the daemon sees in it: {"section": {"key": "value"}}, or
// {"error": "..."}. The system tests compare this with Python's configparser.
#include "config/ini_file.hpp"
#include "config/interpolation.hpp"
#include "runtime/text.hpp"

#include <nlohmann/json.hpp>

#include <iostream>
#include <iterator>
#include <string>

namespace {

using nlohmann::json;
using namespace vbat;

json section_values(const IniFile& file, const IniSection& section, Mistakes& mistakes) {
    json values = json::object();
    UsedValues used;
    for (const auto& origin : {&file.defaults, &section}) {
        for (const auto& [key, value] : origin->values) {
            try {
                values[key] = Interpolation{file, section, key, used}.value();
            } catch (const InterpolationError& error) {
                mistakes.add(value.line, text('[', section.name, "] ", key, ": ", error.what()));
            }
        }
    }
    return values;
}

std::string joined(const Mistakes& mistakes) {
    std::string all;
    for (const auto& sentence : mistakes.sentences()) all += sentence + "\n";
    return all;
}

json dump(const std::string& content) {
    Mistakes mistakes;
    const IniFile file = read_ini(content, mistakes);
    json sections = json::object();
    sections[file.defaults.name] = section_values(file, file.defaults, mistakes);
    for (const auto& section : file.sections) sections[section.name] = section_values(file, section, mistakes);
    return mistakes.empty() ? sections : json{{"error", joined(mistakes)}};
}

} // namespace

int main() {
    const std::string content{std::istreambuf_iterator<char>{std::cin}, {}};
    std::cout << dump(content).dump() << '\n';
    return 0;
}
