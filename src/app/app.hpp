#pragma once

#include "app/energy_state.hpp"
#include "app/mqtt_source.hpp"
#include "config/config.hpp"
#include "core/virtual_battery.hpp"
#include "link/battery_neighbours.hpp"
#include "link/settings_client.hpp"
#include "publish/battery_items.hpp"
#include "publish/dbus_service.hpp"
#include "runtime/event_loop.hpp"
#include "runtime/watchdog.hpp"

#include <memory>
#include <vector>

namespace vbat {

// The running daemon: owns every part in the order in which they depend on each other, and connects them.
class App {
public:
    // Throws NameTaken, or std::runtime_error when something it cannot be without is not there.
    App(const Config& config, const std::filesystem::path& state_dir);

    void run(); // until SIGTERM or SIGINT; throws when the bus is lost

private:
    SettingsClient::Handlers settings_handlers();
    void store_name(const std::string& name);
    void add_sources(const Config& config);
    void publish(TimePoint now);
    void publish_now() { publish(EventLoop::now()); }
    void arm_next_look(TimePoint now) const;
    void enter_bus();
    void leave_bus();
    void tell_monitor(std::vector<MonitorCandidate> others) const;
    void take_instance(int instance);
    void tell_transitions(const Bank& bank);
    bool instance_is_settled(TimePoint now) const;

    EventLoop loop_;
    std::string bus_name_;
    int instance_;
    Coupling coupling_;
    std::vector<Member> members_;
    EnergyState energy_;
    VirtualBattery battery_;
    ItemTree tree_;
    BatteryItems items_;
    DbusService service_;
    EventLoop::Task publish_soon_;
    EventLoop::Arm publish_at_;
    SettingsClient settings_;
    bool claimed_ = false;     // localsettings has given us an instance
    TimePoint claim_deadline_; // from here on the configured one is good enough
    std::optional<BatteryNeighbours> neighbours_{};
    RateLimit refusals_{std::chrono::minutes{5}};
    std::vector<bool> lost_;
    bool told_equal_weights_ = false;
    std::vector<std::unique_ptr<MqttSource>> sources_;
    Watchdog watchdog_;
};

} // namespace vbat
