#include "tools/simulator/source.hpp"

#include "tools/simulator/profiles.hpp"

#include <charconv>
#include <stdexcept>
#include <string>

namespace vbat::sim {
namespace {

std::invalid_argument wrong(std::string_view text, const std::string& what) {
    return std::invalid_argument{"source '" + std::string{text} + "': " + what};
}

double number(std::string_view text, std::string_view digits) {
    double value = 0;
    const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), value);
    if (error != std::errc{} || end != digits.data() + digits.size() || !within(value, 0, 1e6))
        throw wrong(text, "'" + std::string{digits} + "' is not a number of watts");
    return value;
}

PowerSource repeated_daily(std::vector<double> seconds) {
    return {[seconds = std::move(seconds)](double second_of_day, double) {
        return seconds[static_cast<std::size_t>(second_of_day) % seconds.size()];
    }};
}

PowerSource profile(std::string_view text, std::string_view words, std::string_view column, std::uint64_t seed) {
    const auto colon = words.find(':');
    const std::string_view name = words.substr(0, colon);
    const bool load = column == "load_w";
    if (load && name == "day" && colon == words.npos) return repeated_daily(household_day(seed));
    const double peak = colon == words.npos ? 4000 : number(text, words.substr(colon + 1));
    if (!load && name == "clear") return repeated_daily(solar_day(seed, peak, false));
    if (!load && name == "clouds") return repeated_daily(solar_day(seed, peak, true));
    throw wrong(text, load ? "the load profile is day" : "the PV profiles are clear and clouds, with :W for the peak");
}

} // namespace

PowerSource power_source(std::string_view text, std::string_view column, std::uint64_t seed) {
    const auto colon = text.find(':');
    const std::string_view kind = text.substr(0, colon);
    const std::string_view rest = colon == text.npos ? "" : text.substr(colon + 1);
    if (kind == "constant") return {[watts = number(text, rest)](double, double) { return watts; }};
    if (kind == "profile") return profile(text, rest, column, seed);
    if (kind == "csv") {
        return {[trace = read_trace(std::string{rest}, column)](double, double second) { return trace.at(second); }};
    }
    throw wrong(text, "constant:W, profile:NAME or csv:FILE is expected");
}

} // namespace vbat::sim
