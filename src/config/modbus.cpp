#include "config/modbus.hpp"

#include "config/modbus_address_text.hpp"
#include "config/model_names.hpp"
#include "config/utf8.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <cmath>

namespace vbat {
namespace {

constexpr std::string_view automatic = "auto";

// The key that says where the battery is.
struct Place {
    std::string_view key{};
    Origin origin{};
    AddressParts parts{};
};

void report(const Origin& origin, const std::string& what, Mistakes& mistakes) {
    mistakes.add(origin.line, origin.where + what);
}

std::string in_line(std::string_view key, const Origin& origin) { return text(key, " in line ", origin.line); }

// nullopt: missing, or wrong, which was reported.
std::optional<Place> place_of(std::string_view key, const Text& written, TextCheck check) {
    if (!written || !check(written->value, "").empty()) return std::nullopt;
    return Place{key, written->origin, parse_address(written->value).value()};
}

// The two are alternatives: the section's own one counts, not what DEFAULT says.
std::optional<Place> find_place(const ModbusKeys& keys, Mistakes& mistakes) {
    const auto address = place_of("address", keys.address, address_mistake);
    const auto serial = place_of("serial", keys.serial, serial_mistake);
    if (!address || !serial) return address ? address : serial;
    if (address->origin.inherited == serial->origin.inherited)
        report(serial->origin, text("there is ", in_line("address", address->origin), " too; keep one"), mistakes);
    return address->origin.inherited ? serial : address;
}

void refuse_port(const Place& serial, const Number& port, Mistakes& mistakes) {
    if (!port || port->origin.inherited) return;
    report(port->origin, text("a serial device has none (", in_line(serial.key, serial.origin), "); remove it"),
           mistakes);
}

std::uint16_t port_at(const Place& place, const Number& written, Mistakes& mistakes) {
    const auto in_address = place.parts.port;
    if (!written) return in_address.value_or(modbus_port);
    const Origin& origin = written->origin;
    const auto port = static_cast<std::uint16_t>(written->value);
    if (!in_address || *in_address == port) return port;
    if (origin.inherited == place.origin.inherited)
        report(origin, text(in_line(place.key, place.origin), " says port ", *in_address, "; keep one"), mistakes);
    return origin.inherited ? *in_address : port;
}

Framing framing_at(const Place& place, const Text& written, Mistakes& mistakes) {
    const auto framing = written ? parse_framing(written->value) : std::nullopt;
    if (!framing) return usual_framing(place.parts);
    const std::string obstacle = framing_obstacle(*framing, place.parts);
    if (!obstacle.empty())
        report(written->origin, text(obstacle, " (", in_line(place.key, place.origin), ')'), mistakes);
    return *framing;
}

ModbusAddress address_of(const ModbusKeys& keys, Mistakes& mistakes) {
    const auto place = find_place(keys, mistakes);
    if (!place) return {};
    ModbusAddress address{.framing = framing_at(*place, keys.framing, mistakes),
                          .host = place->parts.host,
                          .serial = place->parts.serial};
    if (address.serial.empty()) address.port = port_at(*place, keys.port, mistakes);
    else refuse_port(*place, keys.port, mistakes);
    return address;
}

std::string word_of(const Text& key, TextCheck check) {
    return key && check(key->value, "").empty() ? lower(key->value) : std::string{automatic};
}

// A model that exists in one family only says which family it is.
void choose_family(ModbusBatterySetup& setup, const ModbusKeys& keys, Mistakes& mistakes) {
    if (setup.model == automatic) return;
    const auto families = families_with(setup.model);
    const bool named = setup.family != automatic;
    if (!named && families.size() == 1) {
        setup.family = families.front();
    } else if (!named) {
        report(keys.model->origin, text("several families have a model ", setup.model, ", write family, too"),
               mistakes);
    } else if (std::ranges::find(families, setup.family) == families.end()) {
        report(keys.model->origin,
               text(setup.family, " has no model ", setup.model, ", only ", variants_of(setup.family), " (",
                    in_line("family", keys.family->origin), ')'),
               mistakes);
    }
}

Maybe<std::chrono::milliseconds> milliseconds(const Number& key, double factor) {
    if (!key) return std::nullopt;
    return std::chrono::milliseconds{std::llround(key->value * factor)};
}

ModbusBatterySetup setup_of(const BatteryDraft& draft, Mistakes& mistakes) {
    const ModbusKeys& keys = draft.modbus;
    ModbusBatterySetup setup{.family = word_of(keys.family, family_mistake),
                             .model = word_of(keys.model, model_mistake),
                             .poll = milliseconds(keys.poll_s, 1000),
                             .gap = milliseconds(keys.gap_ms, 1)};
    if (draft.keys.capacity_wh) setup.capacity = WattHours{draft.keys.capacity_wh->value};
    if (draft.keys.nominal_voltage_v) setup.nominal_voltage = Volts{draft.keys.nominal_voltage_v->value};
    choose_family(setup, keys, mistakes);
    return setup;
}

} // namespace

ModbusConfig make_modbus(const BatteryDraft& draft, Mistakes& mistakes) {
    ModbusConfig config{.address = address_of(draft.modbus, mistakes), .setup = setup_of(draft, mistakes)};
    if (const Number& unit = draft.modbus.unit_id) {
        config.unit_id = static_cast<int>(unit->value);
        const std::string obstacle = unit_obstacle(config.address.framing, config.unit_id);
        if (!obstacle.empty()) report(unit->origin, obstacle, mistakes);
    }
    return config;
}

} // namespace vbat
