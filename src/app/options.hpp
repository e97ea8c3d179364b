#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

namespace vbat {

enum class Command { run, check, version };

struct Options {
    Command command{Command::run};
    std::filesystem::path config{};
    std::filesystem::path state_dir{};
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
