#pragma once

#include "config/draft.hpp"
#include "config/ini_file.hpp"
#include "config/mistakes.hpp"

namespace vbat {

// Reads every section by its tables. Unknown sections and keys are mistakes.
Draft read_sections(const IniFile& file, Mistakes& mistakes);

} // namespace vbat
