#include "config/batteries.hpp"

#include "config/broker.hpp"
#include "config/checks.hpp"
#include "config/modbus.hpp"
#include "config/utf8.hpp"
#include "config/wording.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cstddef>
#include <optional>
#include <string>

namespace vbat {
namespace {

constexpr Coupling default_coupling = Coupling::dc;

bool is_marstek(const BatteryDraft& draft) { return draft.type == BatteryType::marstek_modbus; }

// nullopt: unknown, because of a mistake that was reported.
std::optional<Coupling> coupling_of(const BatteryDraft& draft) {
    if (is_marstek(draft)) return Coupling::ac;
    if (!draft.type) return std::nullopt;
    return draft.keys.coupling ? parse_coupling(draft.keys.coupling->value) : default_coupling;
}

BatteryConfig make_battery(const BatteryDraft& draft, const std::filesystem::path& folder, Mistakes& mistakes) {
    const BatteryKeys& keys = draft.keys;
    BatteryConfig battery{.name = draft.name, .coupling = coupling_of(draft).value_or(default_coupling)};
    if (is_marstek(draft)) {
        battery.type = BatteryType::marstek_modbus;
        battery.modbus = make_modbus(draft, mistakes);
    } else {
        battery.broker = make_broker(draft.broker, folder, mistakes);
        if (keys.topic) battery.topic = keys.topic->value;
    }
    if (keys.capacity_wh) battery.capacity = WattHours{keys.capacity_wh->value};
    if (keys.nominal_voltage_v) battery.nominal_voltage = Volts{keys.nominal_voltage_v->value};
    return battery;
}

bool is_mqtt_section(const BatteryDraft& draft) { return draft.section == "[MQTT]"; }

std::string place(const BatteryDraft& draft) { return text(draft.section, " (line ", draft.line, ')'); }

void check_missing(const BatteryDraft& draft, Mistakes& mistakes) {
    const auto missing = [&](const char* what) { mistakes.add(draft.line, text(draft.section, ' ', what)); };
    if (is_marstek(draft)) {
        if (!draft.modbus.address && !draft.modbus.serial)
            missing("address is missing, write address = host[:port] or serial = /dev/...");
    } else if (draft.type) {
        if (!draft.keys.topic) missing("topic is missing");
        if (!draft.broker.address)
            missing(is_mqtt_section(draft) ? "broker_address is missing"
                                           : "broker_address is missing, write it here or in [MQTT]");
    }
}

void check_inverter(const BatteryDraft& draft, Mistakes& mistakes) {
    const Text& coupling = draft.keys.coupling;
    if (!is_marstek(draft) || !coupling || parse_coupling(coupling->value) != Coupling::dc) return;
    mistakes.add(coupling->origin.line,
                 coupling->origin.where + "dc is not possible for a Marstek, it has an inverter of its own; write ac");
}

// What remains of a name on D-Bus, where a published battery has it in its own (app.cpp, device_id).
std::string name_on_dbus(const BatteryDraft& draft) {
    std::string name;
    for (const char letter : lower(draft.name)) name += letter == '-' ? std::string{"__"} : std::string{letter};
    return name;
}

// The battery of [MQTT] keeps its name, of the others the first one does.
void check_name(const BatteryDraft& draft, const std::vector<BatteryDraft>& drafts, Mistakes& mistakes) {
    const auto other = std::ranges::find_if(drafts, [&](const BatteryDraft& each) {
        return name_on_dbus(each) == name_on_dbus(draft) && (is_mqtt_section(each) || each.line < draft.line);
    });
    if (other == drafts.end() || is_mqtt_section(draft)) return;
    if (is_mqtt_section(*other)) {
        mistakes.add(draft.line, text(draft.section, " needs another name, the battery of the topic in ", place(*other),
                                      " is called mqtt"));
    } else if (lower(other->name) != lower(draft.name)) {
        mistakes.add(draft.line, text(draft.section, " needs another name, on D-Bus it is the same as ", place(*other),
                                      ": there '-' becomes '__'"));
    } else {
        mistakes.add(draft.line, text(draft.section, " has the same name as ", place(*other),
                                      ", capital letters make no difference"));
    }
}

// Perhaps there is no such battery: its section stands in the sample.
bool is_untouched(const BatteryDraft& draft) {
    return is_mqtt_section(draft) && draft.broker.address && is_placeholder(draft.broker.address->value);
}

std::string places_of(const std::vector<BatteryDraft>& drafts, Coupling coupling) {
    std::string all;
    for (const auto& draft : drafts)
        if (coupling_of(draft) == coupling) all += (all.empty() ? "" : ", ") + place(draft);
    return all;
}

// A battery behind its own inverter must not look like a BMS, one on the DC busbar must: it cannot be both at once.
void check_couplings(std::vector<BatteryDraft> drafts, Mistakes& mistakes) {
    std::erase_if(drafts, is_untouched);
    const auto ac = std::ranges::find(drafts, Coupling::ac, coupling_of);
    const auto dc = std::ranges::find(drafts, Coupling::dc, coupling_of);
    if (ac == drafts.end() || dc == drafts.end()) return;
    const char* const remedy = std::ranges::any_of(drafts, is_marstek)
                                   ? "write coupling = ac for every battery beside a Marstek"
                                   : "set the same coupling";
    const int line = std::max(ac->line, dc->line);
    mistakes.add(line, text("AC-coupled ", places_of(drafts, Coupling::ac), " and DC-coupled ",
                            places_of(drafts, Coupling::dc), " cannot be one virtual battery, ", remedy,
                            " or use two instances"));
}

// Compared as they are used: with the broker's defaults filled in.
bool is_same_topic(const BatteryConfig& a, const BatteryConfig& b) {
    const bool same_broker = lower(a.broker.host) == lower(b.broker.host) && a.broker.port == b.broker.port;
    return same_broker && a.topic == b.topic;
}

void check_topic(std::size_t index, const std::vector<BatteryDraft>& drafts, const std::vector<BatteryConfig>& configs,
                 Mistakes& mistakes) {
    const Text& topic = drafts[index].keys.topic;
    if (!topic || topic->value.empty()) return;
    const auto same = [&](const BatteryConfig& other) { return is_same_topic(other, configs[index]); };
    const auto first = static_cast<std::size_t>(std::ranges::find_if(configs, same) - configs.begin());
    if (first == index) return;
    mistakes.add(topic->origin.line,
                 text(drafts[index].section, " topic: ", topic->origin.secret ? "'***'" : in_quotes(topic->value),
                      " is read from the same broker by ", place(drafts[first]), " already"));
}

bool is_same_place(const ModbusAddress& a, const ModbusAddress& b) {
    return a.host == b.host && a.port == b.port && a.serial == b.serial;
}

// Compares a battery on Modbus with those before it.
void check_connection(std::size_t index, const std::vector<BatteryDraft>& drafts,
                      const std::vector<BatteryConfig>& configs, Mistakes& mistakes) {
    const auto& own = configs[index].modbus;
    if (!own || (own->address.host.empty() && own->address.serial.empty())) return;
    for (std::size_t i = 0; i < index; ++i) {
        const auto& other = configs[i].modbus;
        if (!other || !is_same_place(own->address, other->address)) continue;
        const bool same_framing = own->address.framing == other->address.framing;
        if (same_framing && own->unit_id != other->unit_id) continue;
        const char* const difference =
            same_framing ? " has the same address and unit_id as " : " has the same address but another framing than ";
        return mistakes.add(drafts[index].line, text(drafts[index].section, difference, place(drafts[i])));
    }
}

void check_each_other(const std::vector<BatteryDraft>& drafts, const std::vector<BatteryConfig>& configs,
                      Mistakes& mistakes) {
    for (const auto& draft : drafts) check_name(draft, drafts, mistakes);
    for (std::size_t i = 0; i < drafts.size(); ++i) {
        check_topic(i, drafts, configs, mistakes);
        check_connection(i, drafts, configs, mistakes);
    }
    check_couplings(drafts, mistakes);
}

} // namespace

std::vector<BatteryConfig> make_batteries(const Draft& draft, const std::filesystem::path& folder, Mistakes& mistakes) {
    std::vector<BatteryConfig> batteries;
    for (const auto& each : draft.batteries) {
        if (draft.complete) check_missing(each, mistakes);
        check_inverter(each, mistakes);
        batteries.push_back(make_battery(each, folder, mistakes));
    }
    if (batteries.empty() && draft.complete) {
        mistakes.add(Mistakes::no_line,
                     "no battery is configured, write broker_address and topic in [MQTT] or add a [battery NAME]");
    }
    check_each_other(draft.batteries, batteries, mistakes);
    return batteries;
}

} // namespace vbat
