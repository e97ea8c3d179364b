#pragma once

#include "runtime/event_loop.hpp"

#include <functional>
#include <memory>
#include <string>

namespace vbat {

// Our entries in com.victronenergy.settings: /Settings/Devices/<device>/{ClassAndVrmInstance,CustomName}
// (docs/protocols/venus-dbus.md, Settings). Claims them whenever the service is, or comes, on the bus, and follows
// them.
class SettingsClient {
public:
    struct Handlers {
        std::function<void(int instance)> on_instance;               // granted, or changed by somebody
        std::function<void(const std::string& name)> on_custom_name; // stored, or changed by somebody
        std::function<void(const std::string& why)> on_refusal;      // nothing is claimed; one sentence
    };

    SettingsClient(EventLoop& loop, std::string device, int wanted_instance, Handlers handlers);
    ~SettingsClient();

    // Stored when the service is there; a refusal is told to on_refusal.
    void store_custom_name(const std::string& name);

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace vbat
