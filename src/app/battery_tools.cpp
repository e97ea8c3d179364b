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
constexpr int looks_for_nobody = 2;   // each longer than the pause of a device

constexpr Block name_block{31000, 10};
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
    const bool refused = error.fault() == ModbusFault::refused && !is_of_gateway(error);
    return {refused || error.fault() == ModbusFault::garbled, std::nullopt};
}

std::string text_of(Block block, const std::optional<Words>& words) {
    if (!words) return {};
    RegisterImage image;
    image.put(block, *words, {}, {});
    return image.text(block);
}

std::optional<FoundUnit> look_at(ModbusPort& port, int unit, Duration patience) {
    const Answer name = ask(port, unit, name_block, patience);
    if (!name.present) return std::nullopt;
    FoundUnit found{.unit = unit, .device_name = text_of(name_block, name.words)};
    found.model = model_named(found.device_name);
    if (found.model == nullptr) return found; // what else it may be asked is not known
    found.serial = text_of(found.model->serial, ask(port, unit, found.model->serial, patience).words);
    if (const UnitIdChange* const change = found.model->unit_id_change)
        if (const auto id = ask(port, unit, {change->unit_id, 1}, patience).words) found.own_id = id->front();
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
    if (first->model == nullptr || first->model->unit_id_change == nullptr)
        throw ToolRefusal{text("unit id ", unit, " is '", first->device_name,
                               "', whose id this program cannot change, nothing was changed")};
    return *first;
}

// Under its new id nobody would stop it.
void stop_control(ModbusPort& port, int unit, const UnitIdChange& change) {
    const auto mode = ask(port, unit, {change.control, 1}, change_patience).words;
    if (!mode)
        throw ToolRefusal{text("unit id ", unit, " does not say whether it is under control (register ", change.control,
                               "), nothing was changed: try again")};
    if (mode->front() == change.control_on) port.write(unit, change.force, force_stop);
}

void check_free(ModbusPort& port, const FoundUnit& battery, int to) {
    std::optional<FoundUnit> other;
    for (int i = 0; i < looks_for_nobody && !other; ++i) other = look_at(port, to, change_patience);
    if (!other) return;
    if (is_echo_of(*other, battery) && battery.own_id != to) return;
    throw ToolRefusal{text("unit id ", to, " is in use", other->device_name.empty() ? "" : " by " + other->device_name,
                           ", nothing was changed")};
}

// The answer may carry the old id or the new one, so only reading tells.
void write_id(ModbusPort& port, int from, int to, const UnitIdChange& change) try {
    port.write(from, change.unit_id, static_cast<std::uint16_t>(to));
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
    const UnitIdChange& change = *battery.model->unit_id_change;
    check_free(port, battery, to);
    stop_control(port, from, change);
    write_id(port, from, to, change);
    port.pause(1s);
    const auto there = ask(port, to, {change.unit_id, 1}, change_patience).words;
    if (there && there->front() == to)
        return text(battery.model->name, " (", battery.device_name, ") has unit id ", to,
                    " now; its section of a configuration needs unit_id = ", to, '\n');
    const auto here = ask(port, from, {change.unit_id, 1}, change_patience).words;
    if (here) throw ToolRefusal{text("the battery still answers on unit id ", from, ", the change had no effect")};
    throw ToolRefusal{
        text("the battery answers neither on unit id ", to, " nor on ", from, ": wait a minute and scan for it")};
}

} // namespace vbat
