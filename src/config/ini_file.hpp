#pragma once

#include "config/mistakes.hpp"

#include <deque>
#include <map>
#include <string>

namespace vbat {

struct IniValue {
    std::string raw{}; // as written: references like %(name)s are still in it
    int line{};
};

struct IniSection {
    std::string name{};
    int line{};
    std::map<std::string, IniValue> values{}; // keys in lower case
};

struct IniFile {
    IniSection defaults{"DEFAULT", 0, {}};
    std::deque<IniSection> sections{}; // in the order of the file
    bool complete{true};               // false: a line could not be read, so a key that seems missing may be in it
};

// Reads what Python's configparser.ConfigParser() reads from the same text, except that all mistakes are collected.
IniFile read_ini(const std::string& content, Mistakes& mistakes);

} // namespace vbat
