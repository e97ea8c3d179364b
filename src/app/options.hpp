#pragma once

#include "device/modbus_address.hpp"

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vbat {

enum class Command { run, check, version, scan, set_id, read };

struct Options {
    Command command{Command::run};
    std::filesystem::path config{};
    std::filesystem::path state_dir{};
    ModbusAddress address{}; // scan, set-id
    int first_unit{1};       // scan: from here
    int last_unit{10};       // to here
    int old_unit{};          // set-id
    int new_unit{};          // set-id: 1 to 10, so that a scan finds it again
    bool yes{};              // set-id: no question is asked
    std::string name{};      // read: of a [battery NAME]
};

// What main() must say and with which code it must end instead of doing anything: --help, or a mistake.
struct Usage {
    std::string text;
    int exit_code;
};

struct ParsedOptions {
    Options options{};
    std::optional<Usage> usage{};
};

// Neither prints nor exits. The defaults stand beside the folder of the program: .../bin/x reads .../config.ini.
ParsedOptions parse_options(int argc, const char* const* argv);

} // namespace vbat
