#pragma once

#include "config/config.hpp"
#include "config/draft.hpp"
#include "config/mistakes.hpp"

namespace vbat {

// The defaults filled in, the keys compared with each other. Whether an address is missing is not decided here: then
// host and serial are empty.
ModbusConfig make_modbus(const BatteryDraft& draft, Mistakes& mistakes);

} // namespace vbat
