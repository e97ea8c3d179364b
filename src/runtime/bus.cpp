#include "runtime/bus.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <cstdlib>
#include <stdexcept>

namespace vbat {
namespace {

std::unique_ptr<sdbus::IConnection> connect_or_throw() {
    const bool session = std::getenv("DBUS_SESSION_BUS_ADDRESS") != nullptr;
    try {
        return session ? sdbus::createSessionBusConnection() : sdbus::createSystemBusConnection();
    } catch (const sdbus::Error& error) {
        throw std::runtime_error{std::string{session ? "D-Bus session bus" : "D-Bus system bus"} +
                                 " cannot be reached: " + error.getMessage()};
    }
}

// Everything queued is handled before the loop sleeps: the descriptor does not become readable again for what sd-bus
// has already read.
EventLoop::Wait drain(sdbus::IConnection& bus) {
    try {
        while (bus.processPendingRequest()) {}
    } catch (const sdbus::Error& error) {
        throw std::runtime_error{"D-Bus connection lost: " + error.getMessage()};
    }
    const auto poll = bus.getEventLoopPollData();
    return {.fd = poll.fd,
            .events = poll.events,
            .until_usec = poll.timeout_usec == UINT64_MAX ? std::nullopt : std::optional{poll.timeout_usec}};
}

} // namespace

std::unique_ptr<sdbus::IConnection> open_bus(EventLoop& loop) {
    auto bus = connect_or_throw();
    loop.attach([&connection = *bus] { return drain(connection); });
    return bus;
}

std::unique_ptr<sdbus::IConnection> connect_bus() try { return connect_or_throw(); } catch (const std::runtime_error&) {
    return nullptr;
}

} // namespace vbat
