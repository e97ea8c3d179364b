#pragma once

#include "config/config.hpp"
#include "config/draft.hpp"
#include "config/mistakes.hpp"

#include <filesystem>
#include <vector>

namespace vbat {

// Every battery with its defaults filled in, each checked by itself and against the others.
std::vector<BatteryConfig> make_batteries(const Draft& draft, const std::filesystem::path& folder, Mistakes& mistakes);

} // namespace vbat
