#pragma once

#include "config/config.hpp"
#include "config/ini_file.hpp"
#include "config/interpolation.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <stdexcept>
#include <string>

namespace vbat::testing {

// A folder of its own for the files that a configuration names.
class TempFolder {
public:
    TempFolder() {
        std::string name = (std::filesystem::temp_directory_path() / "vbat-config-XXXXXX").string();
        if (mkdtemp(name.data()) == nullptr) throw std::runtime_error("cannot make " + name);
        path_ = name;
    }
    ~TempFolder() {
        std::error_code ignored; // a folder left behind does not change the result of a test
        std::filesystem::remove_all(path_, ignored);
    }
    TempFolder(const TempFolder&) = delete;
    TempFolder& operator=(const TempFolder&) = delete;

    const std::filesystem::path& path() const { return path_; }
    std::string write(const std::string& name, const std::string& content) const {
        std::ofstream(path_ / name, std::ios::binary) << content;
        return (path_ / name).string();
    }

private:
    std::filesystem::path path_;
};

inline Config config_of(const std::string& content, const std::filesystem::path& folder = "/nonexistent") {
    return load_config(content, folder);
}

// All mistakes, one a line; empty when there are none.
inline std::string problems_in(const std::string& content, const std::filesystem::path& folder = "/nonexistent") {
    try {
        load_config(content, folder);
        return "";
    } catch (const ConfigError& error) {
        return error.what();
    }
}

// A complete configuration with one battery, to which a test adds what it is about.
inline const std::string one_battery = "[MQTT]\nbroker_address = broker\ntopic = home/battery\n";

inline std::string value_of(const std::string& content, const std::string& key, const std::string& section = "MQTT") {
    Mistakes mistakes;
    const IniFile file = read_ini(content, mistakes);
    for (const auto& sentence : mistakes.sentences()) FAIL_CHECK(sentence);
    UsedValues used;
    for (const auto& each : file.sections)
        if (each.name == section && find_value(file, each, key) != nullptr)
            return Interpolation{file, each, key, used}.value();
    return "(missing)";
}

inline std::string ini_problems_in(const std::string& content) {
    Mistakes mistakes;
    read_ini(content, mistakes);
    std::string all;
    for (const auto& sentence : mistakes.sentences()) all += (all.empty() ? "" : "\n") + sentence;
    return all;
}

} // namespace vbat::testing
