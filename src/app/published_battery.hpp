#pragma once

#include "core/aggregate.hpp"
#include "link/settings_client.hpp"
#include "publish/battery_items.hpp"
#include "publish/dbus_service.hpp"
#include "runtime/rate_limit.hpp"

namespace vbat {

// One battery as a service on the bus, with its place in localsettings: its instance and its name.
class PublishedBattery {
public:
    // `id`: "virtual_battery_100", the end of the bus name and the name of the settings. `changed`: another look at the
    // battery is due, please show().
    PublishedBattery(EventLoop& loop, const std::string& id, const BatteryIdentity& identity,
                     std::function<void()> changed);

    void reserve() { service_.reserve(); } // throws NameTaken

    // A battery that is not present is not on the bus, and neither is one that waits for its instance.
    void show(const Bank& bank, bool present, TimePoint now);
    void leave_for_good(); // at the end, at once

    TimePoint next_look(TimePoint now) const; // TimePoint::max(): time alone changes nothing
    bool is_on_bus() const { return service_.owns_name(); }
    const std::string& bus_name() const { return bus_name_; }
    int instance() const { return instance_; }

private:
    SettingsClient::Handlers settings_handlers();
    void store_name(const std::string& name);
    void take_instance(int instance);
    void enter_bus();
    void leave_bus();

    std::string bus_name_;
    int instance_;
    std::function<void()> changed_;
    ItemTree tree_{};
    BatteryItems items_;
    DbusService service_;
    bool claimed_ = false;     // localsettings has given us an instance
    TimePoint claim_deadline_; // from here on the configured one is good enough
    RateLimit refusals_{std::chrono::minutes{5}};
    SettingsClient settings_;
};

} // namespace vbat
