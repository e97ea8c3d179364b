#pragma once

#include "link/interrupt.hpp"

#include <cstdint>
#include <string>

namespace vbat {

// A connected, non-blocking socket; the caller closes it. Tries all addresses of the name within `patience`. Throws
// std::runtime_error with the reason. The look-up of the name is the only part that `interrupt` does not end.
int tcp_connect(const std::string& host, std::uint16_t port, Duration patience, const Interrupt& interrupt);

} // namespace vbat
