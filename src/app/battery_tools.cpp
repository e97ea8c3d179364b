#include "app/battery_tools.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <optional>

namespace vbat {
namespace {

using namespace std::chrono_literals;
using Words = std::vector<std::uint16_t>;

constexpr auto scan_patience = 1s;    // behind a gateway an absent unit just does not answer
constexpr auto change_patience = 10s; // a V3 device pauses for as long
constexpr int looks = 5;              // two devices on one id garble each other sooner or later

constexpr Block name_block{31000, 10};
constexpr Block v12_mac{30402, 6};
constexpr Block v3_mac{30304, 6};
constexpr Block unit_id{41100, 1};
constexpr Block control{42000, 1};
constexpr std::uint16_t control_on = 0x55AA;
constexpr std::uint16_t force_mode = 42010;
constexpr std::uint16_t force_stop = 0;

// An exception that a gateway sends for an absent unit: path unavailable, target does not respond.
bool is_of_gateway(const ModbusError& error) { return error.exception() == 0x0A || error.exception() == 0x0B; }

struct Answer {
    bool present{}; // somebody answered, be it to refuse
    std::optional<Words> words{};
};

Answer ask(ModbusPort& port, int unit, Block block, Duration patience) try {
    return {true, port.read(unit, block, patience)};
} catch (const ModbusError& error) {
    if (error.fault() == ModbusFault::disconnected) throw;
    return {error.fault() == ModbusFault::refused && !is_of_gateway(error), std::nullopt};
}

std::string text_of(Block block, const std::optional<Words>& words) {
    if (!words) return {};
    RegisterImage image;
    image.put(block, *words, {}, {});
    return image.text(block);
}

std::string serial_of(ModbusPort& port, int unit, const ModbusModel& model, Duration patience) {
    const Block block = model.family == "v12" ? v12_mac : v3_mac;
    return text_of(block, ask(port, unit, block, patience).words);
}

std::optional<FoundUnit> look_at(ModbusPort& port, int unit, Duration patience) {
    const Answer name = ask(port, unit, name_block, patience);
    if (!name.present) return std::nullopt;
    FoundUnit found{.unit = unit, .device_name = text_of(name_block, name.words)};
    found.model = model_named(found.device_name);
    if (const auto id = ask(port, unit, unit_id, patience).words) found.own_id = id->front();
    if (found.model != nullptr) found.serial = serial_of(port, unit, *found.model, patience);
    return found;
}

// A device on a TCP port of its own answers to every id.
bool is_echo_of(const FoundUnit& found, const FoundUnit& other) {
    const bool same = !found.serial.empty() && found.serial == other.serial;
    return same && found.own_id == other.own_id;
}

FoundUnit the_only_one(ModbusPort& port, int unit) {
    std::optional<FoundUnit> first;
    for (int i = 0; i < looks; ++i) {
        const auto seen = look_at(port, unit, change_patience);
        if (!seen && !first) throw ToolRefusal{text("nobody answers on unit id ", unit, ", nothing was changed")};
        const bool same =
            seen && (!first || (seen->serial == first->serial && seen->device_name == first->device_name));
        if (!same)
            throw ToolRefusal{text("the answers on unit id ", unit,
                                   " differ, as when two batteries have it: connect "
                                   "only one, nothing was changed")};
        first = seen;
    }
    if (first->model == nullptr)
        throw ToolRefusal{text("unit id ", unit, " is '", first->device_name,
                               "', which is no battery this program knows, nothing was changed")};
    return *first;
}

void stop_control(ModbusPort& port, int unit) {
    const auto mode = ask(port, unit, control, change_patience).words;
    if (mode && mode->front() == control_on) port.write(unit, force_mode, force_stop);
}

void check_free(ModbusPort& port, const FoundUnit& battery, int to) {
    const auto other = look_at(port, to, scan_patience);
    if (!other) return;
    if (is_echo_of(*other, battery) && battery.own_id != to) return;
    throw ToolRefusal{text("unit id ", to, " is in use", other->device_name.empty() ? "" : " by " + other->device_name,
                           ", nothing was changed")};
}

// The answer may carry the old id or the new one, so only reading tells.
void write_id(ModbusPort& port, int from, int to) try {
    port.write(from, unit_id.address, static_cast<std::uint16_t>(to));
} catch (const ModbusError& error) {
    if (error.fault() == ModbusFault::disconnected) throw;
    if (error.fault() == ModbusFault::refused)
        throw ToolRefusal{text("the battery refuses unit id ", to, ": ", error.what())};
}

} // namespace

std::vector<FoundUnit> scan_units(ModbusPort& port, int first, int last) {
    std::vector<FoundUnit> all;
    for (int unit = first; unit <= last; ++unit)
        if (auto found = look_at(port, unit, scan_patience)) all.push_back(std::move(*found));
    return all;
}

std::string to_text(const std::vector<FoundUnit>& found, const std::string& address) {
    std::string lines;
    for (std::size_t i = 0; i < found.size(); ++i) {
        const FoundUnit& unit = found[i];
        const auto original = std::find_if(found.begin(), found.begin() + static_cast<std::ptrdiff_t>(i),
                                           [&](const FoundUnit& other) { return is_echo_of(unit, other); });
        lines += text(address, " unit ", unit.unit, ": ");
        if (original != found.begin() + static_cast<std::ptrdiff_t>(i)) {
            lines += text("the same battery as unit ", original->unit, ", it answers to every id\n");
            continue;
        }
        lines += unit.model != nullptr ? std::string{unit.model->name} : "a device of a kind unknown here";
        lines += unit.device_name.empty() ? "" : " (" + unit.device_name + ")";
        lines += unit.serial.empty() ? "" : ", serial " + unit.serial;
        lines += unit.own_id && *unit.own_id != unit.unit ? text(", its own id is ", *unit.own_id) : "";
        lines += '\n';
    }
    return lines.empty() ? text(address, ": no unit answers\n") : lines;
}

std::string change_unit_id(ModbusPort& port, int from, int to) {
    if (from == to) throw ToolRefusal{text("unit id ", to, " is what it has")};
    const FoundUnit battery = the_only_one(port, from);
    check_free(port, battery, to);
    stop_control(port, from);
    write_id(port, from, to);
    port.pause(1s);
    const auto there = ask(port, to, unit_id, change_patience).words;
    if (there && there->front() == to)
        return text(battery.model->name, " (", battery.device_name, ") has unit id ", to,
                    " now; its section of a configuration needs unit_id = ", to, '\n');
    const auto here = ask(port, from, unit_id, change_patience).words;
    if (here) throw ToolRefusal{text("the battery still answers on unit id ", from, ", the change had no effect")};
    throw ToolRefusal{
        text("the battery answers neither on unit id ", to, " nor on ", from, ": wait a minute and scan for it")};
}

} // namespace vbat
