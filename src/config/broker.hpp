#pragma once

#include "config/config.hpp"
#include "config/draft.hpp"
#include "config/mistakes.hpp"

#include <filesystem>

namespace vbat {

// A battery uses the broker of [MQTT]; each key in its own section replaces one of those.
void inherit(BrokerKeys& keys, const BrokerKeys& mqtt);

// Defaults filled in, files read. The address may be missing: whether that is a mistake is not decided here.
BrokerConfig make_broker(const BrokerKeys& keys, const std::filesystem::path& folder, Mistakes& mistakes);

} // namespace vbat
