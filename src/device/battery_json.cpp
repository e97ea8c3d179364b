#include "device/battery_json.hpp"

#include "device/json_leaves.hpp"

#include <charconv>
#include <cmath>
#include <unordered_map>
#include <utility>

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

std::optional<std::size_t> find_field(std::string_view path) {
    static const auto index = [] {
        std::unordered_map<std::string_view, std::size_t> rows;
        for (std::size_t i = 0; i < battery_fields.size(); ++i) rows.emplace(battery_fields[i].path, i);
        return rows;
    }();
    const auto row = index.find(path);
    return row == index.end() ? std::nullopt : std::optional{row->second};
}

bool is_alpha(char letter) { return std::isalpha(static_cast<unsigned char>(letter)) != 0; }

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

std::string excerpt(std::string_view text) {
    constexpr std::size_t enough = 40;
    return std::string{text.substr(0, enough)} + (text.size() > enough ? "..." : "");
}

// The code point at the beginning of a text of valid UTF-8, and how many bytes it takes.
std::pair<char32_t, std::size_t> first_code_point(std::string_view text) {
    const auto lead = static_cast<unsigned char>(text[0]);
    const std::size_t length = lead < 0x80 ? 1 : lead < 0xE0 ? 2 : lead < 0xF0 ? 3 : 4;
    char32_t point = length == 1 ? lead : lead & (0xFFU >> (length + 1));
    for (const char more : text.substr(1, length - 1)) point = point << 6U | (static_cast<unsigned char>(more) & 0x3FU);
    return {point, length};
}

// NUL and Unicode's noncharacters are JSON, but sd-bus takes no message that contains them.
bool is_bus_text(std::string_view text) {
    while (!text.empty()) {
        const auto [point, length] = first_code_point(text);
        if (point == 0 || (point & 0xFFFEU) == 0xFFFE || (point >= 0xFDD0 && point <= 0xFDEF)) return false;
        text.remove_prefix(length);
    }
    return true;
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
    Converted operator()(Unusable leaf) const { return Refusal{excerpt(leaf.what) + " where " + expected(field)}; }
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
    Converted operator()(std::string_view value) const {
        if (field.kind != Kind::text) return Refusal{"the text \"" + excerpt(value) + "\" where " + expected(field)};
        if (static_cast<double>(value.size()) > field.range.max)
            return Refusal{"a text longer than " + as_text(field.range.max) + " bytes"};
        if (!is_bus_text(value)) return Refusal{"a text with a character that D-Bus does not carry"};
        return Value{std::string{value}};
    }
};
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

// One reading of one text.
class Reading {
public:
    BatteryMessage message{};
    std::vector<DecodedJson::Problem> problems{};
    std::string wrapped{}; // the text of {"value": "..."}

    std::optional<std::string> read(std::string_view json) {
        return for_each_leaf(json, [this](std::string_view path, const JsonLeaf& leaf) { take(path, leaf); });
    }

private:
    void take(std::string_view path, const JsonLeaf& leaf) {
        constexpr std::string_view wrapper = "/value"; // how a GX device wraps every topic
        if (path == wrapper && std::holds_alternative<std::string_view>(leaf)) {
            wrapped = std::get<std::string_view>(leaf); // dbus-serialbattery puts its JSON into it as a text
            return;
        }
        if (path.starts_with("/value/")) path.remove_prefix(wrapper.size());
        path_ = path;
        if (path.starts_with("/Dc/") && path.size() > 4 && is_alpha(path[4])) path_.insert(4, "0/"); // "Dc": {"Power"}
        take_field(leaf);
    }

    void take_field(const JsonLeaf& leaf) {
        const auto field = find_field(path_);
        if (!field) {
            if (!is_not_ours(path_)) problems.push_back({key_of(path_), "unknown key"});
            return;
        }
        if (seen_[*field]) {
            problems.push_back({key_of(path_), "given twice, the last one counts"});
            std::erase_if(message.entries, [&](const auto& entry) { return entry.field == *field; });
        }
        seen_.set(*field);
        Converted converted = std::visit(Convert{battery_fields[*field]}, leaf);
        if (auto* value = std::get_if<Value>(&converted)) message.entries.push_back({*field, std::move(*value)});
        else problems.push_back({key_of(path_), std::get<Refusal>(converted).what});
    }

    FieldSet seen_{};
    std::string path_{};
};

// The first error is the better one to report: the second attempt is for texts that are JSON but for Python's extras.
std::optional<std::string> read_leniently(Reading& reading, std::string_view json) {
    auto error = reading.read(json);
    if (!error) return std::nullopt;
    Reading again;
    if (again.read(with_unusable_quoted(json))) return error;
    reading = std::move(again);
    return std::nullopt;
}

} // namespace

DecodedJson decode_battery_json(std::string_view payload) {
    Reading reading;
    auto error = read_leniently(reading, payload);
    if (!error && !reading.wrapped.empty()) error = read_leniently(reading, std::exchange(reading.wrapped, {}));
    DecodedJson decoded;
    if (error) {
        decoded.problems.push_back({"", *error});
        return decoded;
    }
    decoded.problems = std::move(reading.problems);
    if (const std::string missing = missing_of_minimum(reading.message); !missing.empty())
        decoded.problems.push_back({"", "message refused, it has no usable " + missing +
                                            "; needed are Dc.Power (W), Dc.Voltage (V) and Soc (0..100 %)"});
    else decoded.message = std::move(reading.message);
    return decoded;
}

} // namespace vbat
