#pragma once

#include "config/draft.hpp"
#include "config/mistakes.hpp"

namespace vbat {

// Decides what kind of battery a section is, and reports keys of the other kinds. What DEFAULT says for those is
// dropped.
void settle_type(BatteryDraft& battery, Mistakes& mistakes);

} // namespace vbat
