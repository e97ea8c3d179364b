#include "tools/simulator/profiles.hpp"

#include "tools/simulator/random.hpp"

#include <algorithm>
#include <charconv>
#include <cmath>
#include <fstream>
#include <numbers>
#include <sstream>
#include <stdexcept>

namespace vbat::sim {
namespace {

constexpr int day_seconds = 86400;
constexpr double hour = 3600;

using Day = std::vector<double>;

void add(Day& day, double from, double seconds, double watts) {
    const auto begin = static_cast<std::size_t>(std::clamp(from, 0.0, double{day_seconds}));
    const auto end = static_cast<std::size_t>(std::clamp(from + seconds, 0.0, double{day_seconds}));
    for (std::size_t i = begin; i < end; ++i) day[i] += watts;
}

void add_fridge(Day& day, Random& random) {
    double t = random.between(0, 2400);
    while (t < day_seconds) {
        add(day, t, 4, 600); // its motor starts
        add(day, t, random.between(900, 1300), 85);
        t += random.between(2600, 3400);
    }
}

void add_kettles(Day& day, Random& random) {
    for (const double around : {6.8, 7.5, 10.2, 15.5, 19.8, 21.3})
        add(day, (around + random.between(-.4, .4)) * hour, random.between(120, 240), 2000);
}

// A hotplate is switched by its thermostat.
void add_cooking(Day& day, Random& random) {
    for (const double around : {12.2, 18.0}) {
        const double from = (around + random.between(-.3, .3)) * hour;
        const double end = from + random.between(1500, 3000);
        double t = from;
        while (t < end) {
            add(day, t, random.between(8, 22), 1800);
            t += random.between(25, 45);
        }
    }
}

void add_washing(Day& day, Random& random) {
    const double from = random.between(9.5, 13.5) * hour;
    add(day, from, 5400, 60);
    add(day, from + 300, random.between(900, 1300), 2000);
    for (int turn = 0; turn < 120; ++turn) add(day, from + 1500 + 30 * turn, 14, 220); // the drum
    add(day, from + 4700, 500, 350);
}

void add_evening(Day& day, Random& random) {
    add(day, random.between(17, 19) * hour, 4.5 * hour, 180);
    add(day, random.between(6, 7) * hour, 1.5 * hour, 90);
}

// How much of the sun comes through: wanders between clear and overcast within minutes.
double next_sky(double sky, double& goal, Random& random) {
    if (random.between(0, 1) < 1.0 / 240)
        goal = random.between(0, 1) < 0.5 ? random.between(.85, 1) : random.between(.15, .6);
    return sky + (goal - sky) / 12;
}

std::size_t column_number(const std::string& header, std::string_view column, const std::string& path) {
    std::istringstream words{header};
    std::string word;
    for (std::size_t i = 0; std::getline(words, word, ','); ++i)
        if (word == column) return i;
    throw std::runtime_error{path + ": no column " + std::string{column} + " in '" + header +
                             "'; expected t_s,load_w,pv_w"};
}

std::vector<double> numbers(const std::string& line, const std::string& path, int number) {
    std::vector<double> all;
    std::istringstream words{line};
    for (std::string word; std::getline(words, word, ',');) {
        double value = 0;
        const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), value);
        if (error != std::errc{} || end != word.data() + word.size() || !std::isfinite(value))
            throw std::runtime_error{path + ":" + std::to_string(number) + ": '" + word + "' is not a number"};
        all.push_back(value);
    }
    return all;
}

} // namespace

std::vector<double> household_day(std::uint64_t seed) {
    Random random{seed};
    Day day(day_seconds, 0);
    for (double& watts : day) watts = 140 + random.between(-4, 4);
    add_fridge(day, random);
    add_kettles(day, random);
    add_cooking(day, random);
    add_washing(day, random);
    add_evening(day, random);
    return day;
}

std::vector<double> solar_day(std::uint64_t seed, double peak_watts, bool clouds) {
    Random random{seed ^ 0x50d1};
    Day day(day_seconds, 0);
    double sky = 1;
    double goal = 1;
    for (int second = 0; second < day_seconds; ++second) {
        if (clouds) sky = next_sky(sky, goal, random);
        const double sun = std::sin((second / hour - 6) / 14 * std::numbers::pi); // 6 to 20 o'clock
        const bool up = second > 6 * hour && second < 20 * hour;
        day[static_cast<std::size_t>(second)] = up ? peak_watts * std::pow(sun, 1.3) * sky : 0;
    }
    return day;
}

Trace read_trace(const std::string& path, std::string_view column) {
    std::ifstream file{path};
    if (!file) throw std::runtime_error{path + ": cannot be read"};
    Trace trace;
    std::size_t wanted = 0;
    int number = 0;
    for (std::string line; std::getline(file, line);) {
        ++number;
        if (line.empty() || line.front() == '#') continue;
        if (wanted == 0) {
            wanted = column_number(line, column, path);
            continue;
        }
        const auto values = numbers(line, path, number);
        const bool rises = values.size() > wanted && (trace.points.empty() || values[0] > trace.points.back().x);
        if (!rises)
            throw std::runtime_error{path + ":" + std::to_string(number) + ": needs a later t_s and all columns"};
        trace.points.push_back({values[0], values[wanted]});
    }
    if (trace.points.empty()) throw std::runtime_error{path + ": no rows"};
    return trace;
}

} // namespace vbat::sim
