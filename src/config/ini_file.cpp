#include "config/ini_file.hpp"

#include "config/utf8.hpp"
#include "config/wording.hpp"
#include "runtime/text.hpp"

#include <ini.h>

#include <algorithm>
#include <cstdint>
#include <iomanip>
#include <new>
#include <optional>
#include <string_view>
#include <utility>
#include <vector>

namespace vbat {
namespace {

// inih takes these for more than text: ';' after a blank starts a comment, brackets make a section. They travel through
// it as control characters, which a file cannot contain itself: prepare() refuses them.
constexpr std::string_view special = ";[]";
constexpr std::string_view stand_in = "\x01\x02\x03";

std::string translated(std::string_view text, std::string_view from, std::string_view to) {
    std::string result{text};
    for (char& c : result)
        if (const auto place = from.find(c); place != std::string_view::npos) c = to[place];
    return result;
}

std::string protect(std::string_view text) { return translated(text, special, stand_in); }
std::string restore(std::string_view text) { return translated(text, stand_in, special); }

std::string hexadecimal(char32_t c) {
    return text("0x", std::hex, std::setw(2), std::setfill('0'), static_cast<std::uint32_t>(c));
}

// As configparser: up to the last ']', whatever follows it, blanks belong to the name.
std::optional<std::string_view> section_name(std::string_view content) {
    const auto end = content.rfind(']');
    if (!content.starts_with('[') || end == std::string_view::npos || end < 2) return std::nullopt;
    return content.substr(1, end - 1);
}

std::vector<std::string> split_lines(std::string_view content) {
    if (content.starts_with("\xEF\xBB\xBF")) content.remove_prefix(3);
    std::vector<std::string> lines;
    while (!content.empty()) {
        const auto end = std::min(content.find('\n'), content.size());
        auto line = content.substr(0, end);
        if (line.ends_with('\r')) line.remove_suffix(1);
        lines.emplace_back(line);
        content.remove_prefix(std::min(end + 1, content.size()));
    }
    return lines;
}

// Hands the lines to inih one by one, changed where inih would read them differently from configparser, and takes
// back the keys and values that inih finds in them.
class Reading {
public:
    Reading(const std::string& content, Mistakes& mistakes) : lines_{split_lines(content)}, mistakes_{mistakes} {}

    IniFile run();
    std::optional<std::string> next_line(std::size_t room);
    void take(std::string_view key, std::string_view value);

private:
    std::string prepare(std::string_view line);
    std::string prepare_content(std::string_view content);
    std::string open_section(std::string_view name);
    IniSection& add_section(const std::string& name);
    void report_line_without_key();
    std::string lose_line(const std::string& why);
    std::string place() const;

    std::vector<std::string> lines_;
    Mistakes& mistakes_;
    IniFile file_;
    IniSection nowhere_;    // takes the keys of a section whose name could not be read
    IniValue lost_;         // takes the lines that continue a value which could not be read
    IniSection* section_{}; // the section being read
    IniValue* option_{};    // the value that an indented line continues
    std::string last_key_;  // of the section
    std::size_t option_indentation_{};
    int line_{};                // the line inih is working on, counted from 1: inih itself does not tell it
    std::size_t blank_lines_{}; // since the last line of the value
    bool continues_{};          // this line continues option_
    bool key_expected_{};       // inih must find a key in this line
};

IniFile Reading::run() {
    const auto next = [](char* buffer, int size, void* reading) -> char* {
        const auto room = static_cast<std::size_t>(size) - 1;
        const auto line = static_cast<Reading*>(reading)->next_line(room);
        if (!line) return nullptr;
        buffer[line->copy(buffer, room)] = '\0';
        return buffer;
    };
    const auto take_entry = [](void* reading, const char*, const char* key, const char* value) {
        static_cast<Reading*>(reading)->take(key, value);
        return 1;
    };
    // Positive: a line without a key, which is known already. Negative: inih found no memory.
    if (ini_parse_stream(next, this, take_entry, this) < 0) throw std::bad_alloc{};
    return std::move(file_);
}

std::optional<std::string> Reading::next_line(std::size_t room) {
    if (key_expected_) report_line_without_key();
    if (static_cast<std::size_t>(line_) == lines_.size()) return std::nullopt;
    ++line_;
    const std::string prepared = prepare(lines_[static_cast<std::size_t>(line_) - 1]);
    if (prepared.size() <= room) return prepared;
    return lose_line(text("longer than ", room, " bytes; only comments may be longer"));
}

std::string Reading::prepare(std::string_view line) {
    continues_ = false;
    if (!is_utf8(line)) return lose_line("not UTF-8 text; save the file as UTF-8");
    const std::string_view content = strip(line);
    if (content.starts_with('#') || content.starts_with(';')) return "";
    if (content.empty()) {
        ++blank_lines_;
        return "";
    }
    continues_ = option_ != nullptr && indentation(line) > option_indentation_;
    if (!continues_) {
        option_indentation_ = indentation(line);
        blank_lines_ = 0;
    }
    const auto control = find_control(content);
    return control ? lose_line("contains the control character " + hexadecimal(*control)) : prepare_content(content);
}

std::string Reading::prepare_content(std::string_view content) {
    if (continues_) return ' ' + protect(content);
    if (const auto name = section_name(content)) return open_section(*name);
    if (section_ == nullptr) {
        section_ = &nowhere_;
        return lose_line("stands before the first [section]");
    }
    key_expected_ = true;
    return protect(content);
}

std::string Reading::open_section(std::string_view name) {
    section_ = &add_section(std::string{name});
    option_ = nullptr;
    last_key_.clear();
    return '[' + protect(name) + ']';
}

// DEFAULT may be opened again and again, as in configparser.
IniSection& Reading::add_section(const std::string& name) {
    if (name == file_.defaults.name) return file_.defaults;
    const auto known = std::ranges::find(file_.sections, name, &IniSection::name);
    if (known == file_.sections.end()) return file_.sections.emplace_back(IniSection{name, line_, {}});
    mistakes_.add(line_, text('[', plain(name), "] was already opened in line ", known->line));
    return *known;
}

void Reading::take(std::string_view key, std::string_view value) {
    key_expected_ = false;
    const std::string content = restore(strip(value));
    if (continues_) {
        option_->raw += std::string(blank_lines_ + 1, '\n') + content;
        blank_lines_ = 0;
        return;
    }
    const std::string name = lower(restore(strip(key)));
    last_key_ = name;
    if (name.empty()) {
        lose_line(place() + "no key before the '=' or ':'");
        return;
    }
    const auto [entry, is_new] = section_->values.try_emplace(name, IniValue{content, line_});
    option_ = is_new ? &entry->second : &lost_;
    if (!is_new) mistakes_.add(line_, text(place(), plain(name), " was already set in line ", entry->second.line));
}

// The line is not shown when it may be a password, or the rest of one that was broken in two.
void Reading::report_line_without_key() {
    const std::string_view line = strip(lines_[static_cast<std::size_t>(line_) - 1]);
    const std::string shown = is_secret(line) || is_secret(last_key_) ? "this line" : in_quotes(line);
    const bool bracket = line.starts_with('[');
    if (bracket) section_ = &nowhere_;
    lose_line(place() + shown +
              (bracket ? " is not a complete [section]" : " is neither a [section] nor 'key = value'"));
}

// "[MQTT] ", or nothing where the name of the section is not known.
std::string Reading::place() const { return section_ == &nowhere_ ? "" : text('[', plain(section_->name), "] "); }

std::string Reading::lose_line(const std::string& why) {
    mistakes_.add(line_, why);
    file_.complete = false;
    key_expected_ = false;
    if (!continues_) option_ = &lost_;
    return "";
}

} // namespace

IniFile read_ini(const std::string& content, Mistakes& mistakes) {
    if (content.starts_with("\xFF\xFE") || content.starts_with("\xFE\xFF")) {
        mistakes.add(1, "the file is UTF-16 text; save it as UTF-8");
        IniFile nothing;
        nothing.complete = false;
        return nothing;
    }
    return Reading{content, mistakes}.run();
}

} // namespace vbat
