#pragma once

#include <filesystem>
#include <string>

namespace vbat {

bool is_venus_os(); // a GX device

// A name for this installation that stays the same over restarts and differs from any other's: the VRM portal id on
// Venus OS, elsewhere 12 hexadecimal digits derived from the machine id.
std::string installation_id();

// The whole file. Throws std::system_error that names it.
std::string read_file(const std::filesystem::path& file);

} // namespace vbat
