#include "link/battery_neighbours.hpp"

#include "runtime/bus.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <map>
#include <optional>

namespace vbat {
namespace {

constexpr std::string_view prefix = "com.victronenergy.battery.";

using Items = std::map<std::string, std::map<std::string, sdbus::Variant>>;

// Senders use any integer type for it.
std::optional<int> instance_in(const Items& items) {
    const auto item = items.find("/DeviceInstance");
    if (item == items.end() || !item->second.contains("Value")) return std::nullopt;
    const sdbus::Variant& value = item->second.at("Value");
    if (value.containsValueOfType<std::int32_t>()) return value.get<std::int32_t>();
    if (value.containsValueOfType<std::uint32_t>()) return static_cast<int>(value.get<std::uint32_t>());
    if (value.containsValueOfType<std::uint16_t>()) return value.get<std::uint16_t>();
    return std::nullopt;
}

} // namespace

class BatteryNeighbours::Impl {
public:
    Impl(EventLoop& loop, std::string own_name, Answer answer)
        : own_name_{std::move(own_name)}, answer_{std::move(answer)}, bus_{open_bus(loop)},
          daemon_{sdbus::createProxy(*bus_, "org.freedesktop.DBus", "/org/freedesktop/DBus")} {
        daemon_->callMethodAsync("ListNames")
            .onInterface("org.freedesktop.DBus")
            .uponReplyInvoke([this](const sdbus::Error* error, const std::vector<std::string>& names) {
                if (error == nullptr) ask_each(names);
            });
    }

private:
    // Our members' names begin with ours.
    bool is_own(const std::string& name) const { return name == own_name_ || name.starts_with(own_name_ + '_'); }

    void ask_each(const std::vector<std::string>& names) {
        for (const std::string& name : names)
            if (name.starts_with(prefix) && !is_own(name)) ask(name);
        if (asked_.empty()) answer_({});
    }

    // No answer arrives before the loop turns again, so all questions are asked before the first is answered.
    void ask(const std::string& service) {
        asked_.push_back(sdbus::createProxy(*bus_, service, "/"));
        asked_.back()
            ->callMethodAsync("GetItems")
            .onInterface("com.victronenergy.BusItem")
            .uponReplyInvoke([this, service](const sdbus::Error* error, const Items& items) {
                if (const auto instance = instance_in(items); error == nullptr && instance)
                    found_.push_back({service, *instance, items.contains("/Info/MaxChargeVoltage")});
                if (++answers_ == asked_.size()) answer_(std::move(found_));
            });
    }

    std::string own_name_;
    Answer answer_;
    std::unique_ptr<sdbus::IConnection> bus_;
    std::unique_ptr<sdbus::IProxy> daemon_;
    std::vector<std::unique_ptr<sdbus::IProxy>> asked_{};
    std::size_t answers_ = 0;
    std::vector<MonitorCandidate> found_{};
};

BatteryNeighbours::BatteryNeighbours(EventLoop& loop, std::string own_name, Answer answer)
    : impl_{std::make_unique<Impl>(loop, std::move(own_name), std::move(answer))} {}
BatteryNeighbours::~BatteryNeighbours() = default;

} // namespace vbat
