#include "app/published_battery.hpp"

#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "runtime/text.hpp"

#include <functional>

namespace vbat {
namespace {

using namespace std::chrono_literals;

constexpr auto venus_claim_wait = 30s; // localsettings starts beside us (docs/protocols/venus-dbus.md, Instance)

} // namespace

PublishedBattery::PublishedBattery(EventLoop& loop, const std::string& id, const BatteryIdentity& identity,
                                   std::function<void()> changed)
    : bus_name_{"com.victronenergy.battery." + id}, instance_{identity.device_instance}, changed_{std::move(changed)},
      items_{tree_, identity, std::bind_front(&PublishedBattery::store_name, this)}, service_{loop, tree_, bus_name_},
      claim_deadline_{EventLoop::now() + (is_venus_os() ? venus_claim_wait : 0s)}, settings_{loop, id, instance_,
                                                                                             settings_handlers()} {}

SettingsClient::Handlers PublishedBattery::settings_handlers() {
    const auto take_name = [this](const std::string& name) {
        items_.set_custom_name(name);
        changed_();
    };
    const auto tell_refusal = [this](const std::string& why) {
        if (refusals_.pass(why, EventLoop::now())) log_warning(why);
    };
    return {[this](int instance) { take_instance(instance); }, take_name, tell_refusal};
}

void PublishedBattery::store_name(const std::string& name) {
    settings_.store_custom_name(name);
    changed_();
}

void PublishedBattery::show(const Bank& bank, bool present, TimePoint now) {
    const bool instance_is_settled = claimed_ || now >= claim_deadline_;
    if (!present || !instance_is_settled)
        return leave_bus(); // without a last signal: its values would raise alarms nobody needs
    items_.show(bank);
    service_.flush();
    enter_bus();
}

TimePoint PublishedBattery::next_look(TimePoint now) const {
    return claim_deadline_ > now ? claim_deadline_ : TimePoint::max();
}

void PublishedBattery::enter_bus() {
    if (service_.owns_name()) return;
    service_.own_name();
    log_info(text(bus_name_, " is on the bus, instance ", instance_));
}

void PublishedBattery::leave_bus() {
    if (!service_.owns_name()) return;
    try {
        service_.release_name();
    } catch (const std::runtime_error& error) {
        return log_warning(error.what()); // the next beat of the loop tries again
    }
    log_warning(bus_name_ + " leaves the bus: nothing was heard of it for the timeout");
}

void PublishedBattery::leave_for_good() {
    if (service_.owns_name()) service_.release_name();
}

// Clients read /DeviceInstance once, when the name appears: a new number means a new appearance.
void PublishedBattery::take_instance(int instance) {
    claimed_ = true;
    if (instance != instance_) {
        log_info(text(bus_name_, ": localsettings gives instance ", instance, " instead of ", instance_));
        instance_ = instance;
        if (service_.owns_name()) service_.release_name();
        items_.set_instance(instance);
    }
    changed_();
}

} // namespace vbat
