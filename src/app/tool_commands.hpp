#pragma once

#include "app/options.hpp"
#include "app/tool_request.hpp"
#include "config/config.hpp"

namespace vbat {

// `scan` and `set-id`: by the daemon when one holds the address, else on a connection of their own. Asks the user
// before an id is changed.
ToolOutcome run_on_batteries(const Options& options);

// `read NAME`: from the daemon of this configuration when it runs, else from the battery itself.
ToolOutcome read_battery(const Config& config, const std::string& name);

} // namespace vbat
