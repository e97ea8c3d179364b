#include "config/section_reader.hpp"

#include "config/wording.hpp"
#include "runtime/text.hpp"

namespace vbat {

void SectionReader::read_key(std::string_view key, const Rule& rule, Number& target) {
    const auto found = find(key, rule);
    if (!found || !found->readable) return;
    const auto parsed = parse_number(rule, found->text);
    if (parsed) target = {*parsed, found->origin};
    else report(found->origin, number_mistake(rule, found->shown));
}

void SectionReader::read_key(std::string_view key, const Rule& rule, Flag& target) {
    const auto found = find(key, rule);
    if (!found || !found->readable) return;
    const auto parsed = parse_flag(found->text);
    if (parsed) target = {*parsed, found->origin};
    else report(found->origin, found->shown + " is not 0 or 1 (no or yes)");
}

void SectionReader::read_key(std::string_view key, const Rule& rule, Text& target) {
    const auto found = find(key, rule);
    if (!found) return;
    target = {found->text, found->origin};
    if (!found->readable || rule.check == nullptr) return;
    const std::string mistake = rule.check(found->text, found->shown);
    if (!mistake.empty()) report(found->origin, mistake);
}

std::optional<SectionReader::Found> SectionReader::find(std::string_view key, const Rule& rule) {
    const std::string name{key};
    const IniValue* const value = find_value(file_, section_, name);
    if (value == nullptr) return std::nullopt;
    const bool inherited = !section_.values.contains(name);
    const std::string& place = inherited ? file_.defaults.name : section_.name;
    Found found{.text = {},
                .shown = {},
                .origin = {.line = value->line,
                           .where = text('[', plain(place), "] ", name, ": "),
                           .inherited = inherited,
                           .secret = is_secret(name)},
                .readable = false};
    fill(found, name, rule);
    return found;
}

void SectionReader::fill(Found& found, const std::string& key, const Rule& rule) try {
    const Interpolation interpolation{file_, section_, key, used_};
    found.origin.secret = interpolation.contains_secret();
    // Mostly an accident: the line was meant as a key of its own.
    if (!rule.many_lines && interpolation.value().find('\n') != std::string::npos) {
        report(found.origin, "the indented line below continues this value; start every key at the same depth");
        return;
    }
    found.text = interpolation.value();
    found.shown = found.origin.secret ? "'***'" : in_quotes(found.text);
    found.readable = true;
} catch (const InterpolationError& error) {
    report(found.origin, error.what());
}

} // namespace vbat
