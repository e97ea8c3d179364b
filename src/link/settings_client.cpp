#include "link/settings_client.hpp"

#include "runtime/bus.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <charconv>
#include <cstdint>
#include <map>
#include <optional>
#include <string_view>
#include <vector>

namespace vbat {
namespace {

const std::string service = "com.victronenergy.settings";
const std::string bus_item = "com.victronenergy.BusItem";
constexpr std::chrono::seconds claim_again_after{10}; // localsettings is busy while a GX device starts
constexpr std::string_view our_class = "battery:";

using Dict = std::map<std::string, sdbus::Variant>;

// "battery:41" -> 41
std::optional<int> instance_in(std::string_view setting) {
    if (!setting.starts_with(our_class)) return std::nullopt;
    setting.remove_prefix(our_class.size());
    int instance = 0;
    const auto [end, error] = std::from_chars(setting.data(), setting.data() + setting.size(), instance);
    if (error != std::errc{} || end != setting.data() + setting.size() || instance < 0) return std::nullopt;
    return instance;
}

std::optional<std::string> text_in(const Dict& dict, const std::string& key) {
    const auto entry = dict.find(key);
    if (entry == dict.end() || !entry->second.containsValueOfType<std::string>()) return std::nullopt;
    return entry->second.get<std::string>();
}

} // namespace

class SettingsClient::Impl {
public:
    Impl(EventLoop& loop, std::string device, int wanted, Handlers handlers)
        : folder_{"/Settings/Devices/" + std::move(device)}, wanted_{wanted}, handlers_{std::move(handlers)},
          bus_{open_bus(loop)}, daemon_{sdbus::createProxy(*bus_, "org.freedesktop.DBus", "/org/freedesktop/DBus")},
          settings_{sdbus::createProxy(*bus_, service, "/")}, instance_{follow("/ClassAndVrmInstance")},
          custom_name_{follow("/CustomName")}, claim_at_{loop.timer([this](TimePoint) { claim(); })} {
        watch_ = bus_->addMatch("type='signal',sender='org.freedesktop.DBus',member='NameOwnerChanged',arg0='" +
                                    service + "'",
                                [this](sdbus::Message& signal) { on_owner_changed(signal); });
        daemon_->callMethodAsync("NameHasOwner")
            .onInterface("org.freedesktop.DBus")
            .withArguments(service)
            .uponReplyInvoke([this](const sdbus::Error* error, bool owned) {
                if (error == nullptr && owned) claim();
            });
    }

    void store_custom_name(const std::string& name) {
        custom_name_->callMethodAsync("SetValue")
            .onInterface(bus_item)
            .withArguments(sdbus::Variant{name})
            .uponReplyInvoke([this](const sdbus::Error* error, std::int32_t result) {
                if (error != nullptr) handlers_.on_refusal("CustomName is not stored: " + error->getMessage());
                else if (result != 0) handlers_.on_refusal("CustomName is not stored: localsettings refuses it");
            });
    }

private:
    // A signal of the setting carries {"Value": v, "Text": v}.
    std::unique_ptr<sdbus::IProxy> follow(const std::string& name) {
        auto proxy = sdbus::createProxy(*bus_, service, folder_ + name);
        proxy->uponSignal("PropertiesChanged").onInterface(bus_item).call([this, name](const Dict& change) {
            if (const auto value = text_in(change, "Value")) take_in(name, *value);
        });
        proxy->finishRegistration();
        return proxy;
    }

    void on_owner_changed(sdbus::Message& signal) {
        std::string name;
        std::string old_owner;
        std::string new_owner;
        signal >> name >> old_owner >> new_owner;
        if (!new_owner.empty()) claim();
    }

    // Existing settings keep their value; the answer carries it.
    void claim() {
        const std::vector<Dict> wanted{
            setting("/ClassAndVrmInstance", std::string{our_class} + std::to_string(wanted_)),
            setting("/CustomName", "")};
        settings_->callMethodAsync("AddSettings")
            .onInterface("com.victronenergy.Settings")
            .withArguments(wanted)
            .uponReplyInvoke([this](const sdbus::Error* error, const std::vector<Dict>& granted) {
                if (error != nullptr) {
                    handlers_.on_refusal("localsettings: AddSettings: " + error->getMessage());
                    claim_at_(EventLoop::now() + claim_again_after);
                    return;
                }
                for (const Dict& entry : granted) take_granted(entry);
            });
    }

    Dict setting(const std::string& name, const std::string& fallback) const {
        return {{"path", sdbus::Variant{folder_ + name}}, {"default", sdbus::Variant{fallback}}};
    }

    void take_granted(const Dict& entry) {
        const std::string path = text_in(entry, "path").value_or("?");
        const std::string name = path.substr(std::min(path.rfind('/'), path.size()));
        if (const auto value = text_in(entry, "value")) take_in(name, *value);
        else handlers_.on_refusal("localsettings refuses " + path);
    }

    void take_in(const std::string& name, const std::string& value) {
        if (name == "/CustomName") return handlers_.on_custom_name(value);
        if (const auto instance = instance_in(value)) handlers_.on_instance(*instance);
        else handlers_.on_refusal("localsettings: '" + value + "' is not battery:<instance>");
    }

    std::string folder_;
    int wanted_;
    Handlers handlers_;
    std::unique_ptr<sdbus::IConnection> bus_;
    std::unique_ptr<sdbus::IProxy> daemon_;
    std::unique_ptr<sdbus::IProxy> settings_;
    std::unique_ptr<sdbus::IProxy> instance_;
    std::unique_ptr<sdbus::IProxy> custom_name_;
    EventLoop::Arm claim_at_;
    sdbus::Slot watch_;
};

SettingsClient::SettingsClient(EventLoop& loop, std::string device, int wanted_instance, Handlers handlers)
    : impl_{std::make_unique<Impl>(loop, std::move(device), wanted_instance, std::move(handlers))} {}
SettingsClient::~SettingsClient() = default;
void SettingsClient::store_custom_name(const std::string& name) { impl_->store_custom_name(name); }

} // namespace vbat
