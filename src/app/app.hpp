#pragma once

#include "app/daemon_tools.hpp"
#include "app/energy_state.hpp"
#include "app/modbus_source.hpp"
#include "app/mqtt_source.hpp"
#include "app/published_battery.hpp"
#include "config/config.hpp"
#include "core/virtual_battery.hpp"
#include "link/battery_neighbours.hpp"
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
    // A member that is also on the bus by itself (publish_members).
    struct Alone {
        Alone(App& app, const Config& config, std::size_t index);

        const Member* member;
        VirtualBattery battery;
        PublishedBattery published;
    };

    void publish_members(const Config& config);
    void add_mqtt_sources(const Config& config);
    void add_modbus_sources(const Config& config);
    void publish(TimePoint now);
    void arm_next_look(TimePoint now) const;
    void look_for_neighbours();
    void tell_monitor(std::vector<MonitorCandidate> others) const;
    void tell_transitions(const Bank& bank);

    EventLoop loop_;
    Coupling coupling_;
    std::vector<Member> members_;
    EnergyState energy_;
    VirtualBattery battery_;
    EventLoop::Task publish_soon_;
    EventLoop::Arm publish_at_;
    PublishedBattery published_;
    std::vector<std::unique_ptr<Alone>> alone_;
    std::optional<BatteryNeighbours> neighbours_{};
    std::vector<bool> lost_;
    bool told_equal_weights_ = false;
    std::vector<std::unique_ptr<MqttSource>> mqtt_sources_;
    DaemonTools::Sources modbus_sources_;
    std::optional<DaemonTools> tools_{};
    Watchdog watchdog_;
};

} // namespace vbat
