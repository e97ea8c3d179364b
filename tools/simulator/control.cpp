#include "tools/simulator/control.hpp"

#include <nlohmann/json.hpp>

#include <stdexcept>

namespace vbat::sim {
namespace {

using nlohmann::json;

struct Wrong : std::runtime_error {
    using std::runtime_error::runtime_error;
};

double number(const json& object, const char* key, double least, double most) {
    const json& value = object.at(key);
    if (!value.is_number() || !within(value.get<double>(), least, most))
        throw Wrong{std::string{key} + " is " + value.dump() + ", a number in " + std::to_string(least) + ".." +
                    std::to_string(most) + " is expected"};
    return value.get<double>();
}

bool flag(const json& object, const char* key) {
    const json& value = object.at(key);
    if (!value.is_boolean()) throw Wrong{std::string{key} + " is " + value.dump() + ", true or false is expected"};
    return value.get<bool>();
}

std::string text(const json& object, const char* key) {
    if (!object.contains(key) || !object.at(key).is_string())
        throw Wrong{std::string{key} + " is missing; a text is expected"};
    return object.at(key).get<std::string>();
}

json written_of(const BatteryCounters& counters) {
    json written = json::object();
    for (const auto& [address, times] : counters.written) written[std::to_string(address)] = times;
    return written;
}

json or_null(std::optional<double> value) { return value ? json(*value) : json(); }

json physics_of(const Battery& battery) {
    const BatteryPlant& plant = battery.plant();
    const EnergyBook& book = plant.book();
    return {{"ac_power_w", plant.ac_power().value},     {"register_power_w", plant.register_power().value},
            {"dc_power_w", plant.dc_power().value},     {"solar_w", plant.solar_power().value},
            {"backup_w", plant.backup_power().value},   {"soc_percent", plant.packs().soc()},
            {"charged_kwh", book.charged.value / 1000}, {"discharged_kwh", book.discharged.value / 1000},
            {"lost_kwh", book.lost.value / 1000},       {"relay_cycles", plant.inverter().relay_cycles()}};
}

json state_of(Simulation& simulation, const ModbusDevice& device) {
    const Battery& battery = device.battery();
    const LineCounters& line = simulation.line_of(device).counters();
    const BatteryCounters& counters = battery.counters();
    json state = physics_of(battery);
    state.update({{"controlled", battery.firmware().controlled()},
                  {"work_mode", battery.firmware().settings().work_mode},
                  {"unit", battery.firmware().settings().unit},
                  {"requests", counters.requests},
                  {"writes", counters.writes},
                  {"written", written_of(counters)},
                  {"forbidden", counters.forbidden},
                  {"connections", line.connections},
                  {"connected", line.open},
                  {"refused", line.refused},
                  {"overlapping", line.overlapping},
                  {"min_gap_ms", or_null(line.min_gap_ms)},
                  {"min_connect_ms", or_null(line.min_connect_ms)}});
    return state;
}

json state_of(Simulation& simulation) {
    const House& house = simulation.house();
    json batteries = json::object();
    for (const auto& device : house.devices()) batteries[device->battery().spec().name] = state_of(simulation, *device);
    const HouseBook& book = house.book();
    return {{"house",
             {{"load_w", house.load().value},
              {"pv_w", house.solar().value},
              {"grid_w", house.grid().value},
              {"grid", house.has_grid()},
              {"seconds", house.seconds()},
              {"load_kwh", book.load.value / 1000},
              {"pv_kwh", book.solar.value / 1000},
              {"imported_kwh", book.imported.value / 1000},
              {"exported_kwh", book.exported.value / 1000}}},
            {"batteries", batteries}};
}

json change_fault(Simulation& simulation, const json& command, bool set) {
    Battery& battery = simulation.house().device(text(command, "battery")).battery();
    const Fault fault = fault_row(text(command, "fault")).fault;
    if (!set) battery.clear_fault(fault, simulation.now());
    else
        battery.set_fault(fault, command.contains("value") ? number(command, "value", -1e9, 1e9) : 1, simulation.now());
    return {{"ok", true}, {"value", battery.faults().value(fault)}};
}

json change_battery(Simulation& simulation, const json& command) {
    ModbusDevice& device = simulation.house().device(text(command, "battery"));
    Battery& battery = device.battery();
    if (command.contains("register")) {
        const auto address = static_cast<std::uint16_t>(number(command, "register", 0, 65535));
        const auto word = device.word(address, simulation.now());
        if (!word) throw Wrong{"battery " + battery.spec().name + " has no register " + std::to_string(address)};
        return {{"word", *word}};
    }
    if (command.contains("soc")) battery.set_soc(number(command, "soc", 0, 100));
    else if (command.contains("backup_w")) battery.set_backup_watts(number(command, "backup_w", 0, 5000));
    else if (command.contains("ct")) battery.set_ct(flag(command, "ct"));
    else throw Wrong{"battery needs one of register, soc, backup_w, ct"};
    return {{"ok", true}};
}

PowerSource source(Simulation& simulation, const json& command, const char* key, std::string_view column) {
    const json& value = command.at(key);
    const std::string words = value.is_string() ? value.get<std::string>() : "constant:" + value.dump();
    return power_source(words, column, simulation.house().seed());
}

json advance(Simulation& simulation, double seconds) {
    simulation.advance_physics(span_of(seconds));
    return {{"ok", true}};
}

json perform(Simulation& simulation, const json& command) {
    House& house = simulation.house();
    if (!command.is_object()) throw Wrong{"an object is expected"};
    if (command.contains("set")) return change_fault(simulation, command.at("set"), true);
    if (command.contains("clear")) return change_fault(simulation, command.at("clear"), false);
    if (command.contains("battery")) return change_battery(simulation, command);
    if (command.contains("state")) return state_of(simulation);
    if (command.contains("advance")) return advance(simulation, number(command, "advance", 0, 7 * 86400.0));
    if (command.contains("load_w")) house.set_load(source(simulation, command, "load_w", "load_w"));
    else if (command.contains("pv_w")) house.set_solar(source(simulation, command, "pv_w", "pv_w"));
    else if (command.contains("grid")) house.set_grid(flag(command, "grid"));
    else throw Wrong{"expected one of set, clear, battery, state, advance, load_w, pv_w, grid"};
    return {{"ok", true}};
}

} // namespace

std::string answer_control(Simulation& simulation, std::string_view line) {
    json answer;
    try {
        answer = perform(simulation, json::parse(line));
    } catch (const std::exception& error) {
        answer = {{"error", error.what()}};
    }
    return answer.dump(-1, ' ', false, json::error_handler_t::replace) + "\n";
}

} // namespace vbat::sim
