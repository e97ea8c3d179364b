#pragma once

#include <filesystem>
#include <string>

namespace vbat {

// Why a file cannot be read ("No such file or directory"); empty when it can.
std::string read_obstacle(const std::filesystem::path& path);

struct FirstLine {
    std::string text{};
    std::string obstacle{}; // why there is none; empty when there is
};

// The first line without its end of line.
FirstLine read_first_line(const std::filesystem::path& path);

} // namespace vbat
