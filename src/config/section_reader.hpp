#pragma once

#include "config/ini_file.hpp"
#include "config/interpolation.hpp"
#include "config/mistakes.hpp"
#include "config/option.hpp"

#include <span>
#include <string>
#include <string_view>
#include <variant>

namespace vbat {

// Reads the keys of one section into a draft. A key that the section does not have is looked up in DEFAULT.
class SectionReader {
public:
    SectionReader(const IniFile& file, const IniSection& section, UsedValues& used, Mistakes& mistakes)
        : file_{file}, section_{section}, used_{used}, mistakes_{mistakes} {}

    template <class Draft>
    void read(std::span<const Option<Draft>> options, Draft& draft) {
        for (const auto& option : options)
            std::visit([&](auto target) { read_key(option.key, option.rule, draft.*target); }, option.target);
    }

private:
    struct Found {
        std::string text{};
        std::string shown{};
        Origin origin{};
        bool readable{}; // false: the mistake in it was reported already
    };

    void read_key(std::string_view key, const Rule& rule, Number& target);
    void read_key(std::string_view key, const Rule& rule, Flag& target);
    void read_key(std::string_view key, const Rule& rule, Text& target);
    std::optional<Found> find(std::string_view key, const Rule& rule);
    void fill(Found& found, const std::string& key, const Rule& rule);
    void report(const Origin& origin, const std::string& what) { mistakes_.add(origin.line, origin.where + what); }

    const IniFile& file_;
    const IniSection& section_;
    UsedValues& used_;
    Mistakes& mistakes_;
};

} // namespace vbat
