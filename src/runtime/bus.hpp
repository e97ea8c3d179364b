#pragma once

#include "runtime/event_loop.hpp"

#include <memory>

namespace sdbus {
class IConnection;
}

namespace vbat {

// The session bus where DBUS_SESSION_BUS_ADDRESS is set, else the system bus, as all of Victron's programs choose. The
// connection is served by `loop` and must live for as long as the loop runs; a lost bus ends the loop with an
// exception.
std::unique_ptr<sdbus::IConnection> open_bus(EventLoop& loop);

// The same bus for a program without a loop; nullptr: it cannot be reached.
std::unique_ptr<sdbus::IConnection> connect_bus();

} // namespace vbat
