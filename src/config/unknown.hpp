#pragma once

#include "config/ini_file.hpp"
#include "config/interpolation.hpp"
#include "config/mistakes.hpp"

#include <string_view>

namespace vbat {

bool is_battery_section(std::string_view name); // [battery NAME], whatever NAME is
bool is_known_section(std::string_view name);

// Reports what no table knows: sections, and keys unless another value refers to them.
void report_unknown(const IniFile& file, const UsedValues& used, Mistakes& mistakes);

} // namespace vbat
