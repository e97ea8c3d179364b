#include "device/battery_json.hpp"

#include "device/flat_json.hpp"

#include <charconv>
#include <cmath>
#include <unordered_map>

namespace vbat {
namespace {

// What dbus-serialbattery and Victron's services also publish, and what describes the sender and not the battery.
constexpr std::string_view not_ours[] = {
    "/Mgmt/",
    "/DeviceInstance",
    "/ProductId",
    "/ProductName",
    "/CustomName",
    "/FirmwareVersion",
    "/HardwareVersion",
    "/Connected",
    "/Serial",
    "/DeviceName",
    "/Manufacturer",
    "/Family",
    "/ErrorCode",
    "/Mode",
    "/DeviceState",
    "/JsonData",
    "/UpdateIndex",
    "/Latency",
    "/History/Clear",
    "/History/CanBeCleared",
    "/Info/ChargeModeDebug",
    "/Settings/",
    "/CapacityBms",
    "/ConsumedAmphoursBms",
    "/Devices/",
    "/Diagnostics/",
    "/Balancer/",
    "/N2kDeviceInstance",
    "/Cell/",
    "/Info/Config/",
    "/TimeToSoC/",
};

bool is_not_ours(std::string_view path) {
    return std::ranges::any_of(not_ours, [&](std::string_view known) {
        const bool beginning = known.ends_with('/') || known == "/Info/ChargeModeDebug";
        return beginning ? path.starts_with(known) : path == known;
    });
}

std::optional<std::size_t> find_field(const std::string& path) {
    static const auto index = [] {
        std::unordered_map<std::string, std::size_t> rows;
        for (std::size_t i = 0; i < battery_fields.size(); ++i) rows.emplace(battery_fields[i].path, i);
        return rows;
    }();
    const auto row = index.find(path);
    return row == index.end() ? std::nullopt : std::optional{row->second};
}

// "Dc": {"Power"} and "Dc": {"0": {"Power"}} are the same.
std::string with_dc_index(const std::string& path) {
    constexpr std::string_view dc = "/Dc/";
    const bool bare = path.starts_with(dc) && path.size() > dc.size() &&
                      std::isalpha(static_cast<unsigned char>(path[dc.size()])) != 0;
    return bare ? "/Dc/0/" + path.substr(dc.size()) : path;
}

std::string key_of(std::string_view path) {
    std::string key{path.substr(std::min<std::size_t>(1, path.size()))};
    if (key.starts_with("Dc/0/")) key.erase(3, 2);
    std::ranges::replace(key, '/', '.');
    constexpr std::size_t longest = 80; // of a log line's worth
    return key.size() <= longest ? key : key.substr(0, longest) + "...";
}

std::string as_text(double value) {
    std::array<char, 32> digits{};
    return {digits.data(), std::to_chars(digits.data(), digits.data() + digits.size(), value).ptr};
}

std::string expected(const Field& field) {
    if (field.kind == Kind::text) return "a text is expected";
    const std::string what = field.kind == Kind::whole ? "a whole number" : "a number";
    return *field.unit == '\0' ? what + " is expected" : what + " of " + field.unit + " is expected";
}

struct Refusal {
    std::string what;
};
using Converted = std::variant<Value, Refusal>;

Converted in_range(const Field& field, double number) {
    if (number < field.range.min || number > field.range.max)
        return Refusal{as_text(number) + " is outside " + as_text(field.range.min) + ".." + as_text(field.range.max) +
                       (*field.unit == '\0' ? "" : std::string{" "} + field.unit)};
    number += 0.0; // no negative zero
    if (field.kind != Kind::number) return Value{static_cast<std::int32_t>(std::lround(number))};
    return Value{field.never_positive ? 0.0 - std::abs(number) : number};
}

struct Convert {
    const Field& field;

    Converted operator()(JsonNull) const { return Value{}; }
    Converted operator()(const Unusable& leaf) const { return Refusal{leaf.what + " where " + expected(field)}; }
    Converted operator()(bool value) const {
        if (field.kind == Kind::whole) return in_range(field, value ? 1 : 0);
        return Refusal{std::string{value ? "true" : "false"} + " where " + expected(field)};
    }
    Converted operator()(double value) const {
        if (field.kind == Kind::text) return Value{as_text(value)}; // ids and times come as numbers, too
        if (field.kind == Kind::whole && value != std::trunc(value))
            return Refusal{as_text(value) + " where " + expected(field)};
        return in_range(field, value);
    }
    Converted operator()(const std::string& value) const {
        if (field.kind != Kind::text)
            return Refusal{"the text \"" + value.substr(0, 40) + "\" where " + expected(field)};
        if (static_cast<double>(value.size()) > field.range.max)
            return Refusal{"a text longer than " + as_text(field.range.max) + " bytes"};
        if (value.find('\0') != std::string::npos) return Refusal{"a text with a NUL character"};
        return Value{value};
    }
};

// {"value": ...} is how a GX device wraps every topic; dbus-serialbattery puts its JSON into it as a text.
FlatJson unwrapped(FlatJson flat) {
    constexpr std::string_view wrapper = "/value";
    if (flat.entries.size() == 1 && flat.entries[0].path == wrapper) {
        if (const auto* inner = std::get_if<std::string>(&flat.entries[0].value)) return flatten_json(*inner);
    }
    for (FlatEntry& entry : flat.entries)
        if (entry.path.starts_with("/value/")) entry.path.erase(0, wrapper.size());
    return flat;
}

constexpr std::size_t minimum[] = {field_index("/Dc/0/Power"), field_index("/Dc/0/Voltage"), field_index("/Soc")};

std::string missing_of_minimum(const BatteryMessage& message) {
    std::string missing;
    for (const std::size_t field : minimum) {
        const bool told = std::ranges::any_of(message.entries, [&](const BatteryMessage::Entry& entry) {
            return entry.field == field && std::holds_alternative<double>(entry.value);
        });
        if (!told) missing += (missing.empty() ? "" : ", ") + key_of(battery_fields[field].path);
    }
    return missing;
}

void take_entry(const FlatEntry& entry, BatteryMessage& message, std::vector<DecodedJson::Problem>& problems) {
    const std::string path = with_dc_index(entry.path);
    const auto field = find_field(path);
    if (!field) {
        if (!is_not_ours(path)) problems.push_back({key_of(path), "unknown key"});
        return;
    }
    Converted converted = std::visit(Convert{battery_fields[*field]}, entry.value);
    if (auto* value = std::get_if<Value>(&converted)) message.entries.push_back({*field, std::move(*value)});
    else problems.push_back({key_of(path), std::get<Refusal>(converted).what});
}

} // namespace

DecodedJson decode_battery_json(std::string_view payload) {
    const FlatJson flat = unwrapped(flatten_json(payload));
    DecodedJson decoded;
    if (flat.error) {
        decoded.problems.push_back({"", *flat.error});
        return decoded;
    }
    BatteryMessage message;
    for (const FlatEntry& entry : flat.entries) take_entry(entry, message, decoded.problems);
    for (const std::string& path : flat.duplicates)
        decoded.problems.push_back({key_of(with_dc_index(path)), "given twice, the last one counts"});
    if (const std::string missing = missing_of_minimum(message); !missing.empty())
        decoded.problems.push_back({"", "message refused, it has no usable " + missing +
                                            "; needed are Dc.Power (W), Dc.Voltage (V) and Soc (0..100 %)"});
    else decoded.message = std::move(message);
    return decoded;
}

} // namespace vbat
