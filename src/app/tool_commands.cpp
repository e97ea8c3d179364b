#include "app/tool_commands.hpp"

#include "app/modbus_feed.hpp"
#include "app/mqtt_source.hpp"
#include "app/sample_json.hpp"
#include "device/modbus_battery.hpp"
#include "link/libmodbus_wire.hpp"
#include "link/tool_client.hpp"
#include "runtime/host.hpp"
#include "runtime/text.hpp"

#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <iostream>

namespace vbat {
namespace {

using namespace std::chrono_literals;

constexpr auto modbus_patience = 45s;  // for a whole set of polls, with a pause of the device in between
constexpr auto connect_patience = 10s; // a device frees its only slot late
constexpr auto mqtt_patience = 60s;

ToolRequest request_of(const Options& options) {
    const bool scan = options.command == Command::scan;
    return {.command = options.command,
            .address = to_string(options.address),
            .first = scan ? options.first_unit : options.old_unit,
            .second = scan ? options.last_unit : options.new_unit};
}

std::optional<ToolOutcome> ask_running(const ToolRequest& request) {
    const auto answer = ask_daemons(to_words(request));
    return answer ? std::optional<ToolOutcome>{{answer->code, answer->text}} : std::nullopt;
}

ToolOutcome run_alone(const ToolRequest& request, const ModbusAddress& address) {
    LibmodbusWire wire{address};
    std::optional<ToolOutcome> outcome;
    ModbusSession session{wire, [](const ModbusNews&) {}}; // the job tells its failures itself
    session.run([&](ModbusPort& port) { outcome = run(request, port); });
    while (!outcome) wire.sleep_until(session.step());
    return *outcome;
}

bool user_agrees(const ToolRequest& request) {
    std::cout << "The battery with unit id " << request.first << " at " << request.address << " shall get id "
              << request.second << ". It keeps it for ever. Exactly one battery may be connected with id "
              << request.first << ".\nChange it? [y/N] " << std::flush;
    std::string answer;
    std::getline(std::cin, answer);
    return answer == "y" || answer == "Y" || answer == "yes";
}

std::string json_of(const BatteryConfig& battery, std::string_view family, const BatterySample& sample, Volts nominal) {
    const auto taken_at = utc_text(sample.taken_at, EventLoop::now(), std::chrono::system_clock::now());
    return to_json({battery.name, name_of(battery.type), family, taken_at, sample, nominal});
}

// A battery asked by this program alone, once through all its polls.
struct LoneBattery {
    ModbusBattery battery;
    std::string trouble{"it does not answer"};
    bool connected{};

    void take(const ModbusNews& news) {
        if (const auto* connection = std::get_if<ModbusConnection>(&news)) {
            if (!connection->up) trouble = connection->why;
            connected |= connection->up;
            return;
        }
        const auto& report = std::get<ModbusReport>(news);
        take_in(battery, report);
        if (const auto* failed = std::get_if<ModbusTrouble>(&report.result)) trouble = failed->what;
    }

    Duration patience() const { return connected ? Duration{modbus_patience} : Duration{connect_patience}; }
};

ToolOutcome read_modbus(const BatteryConfig& config) {
    LoneBattery lone{.battery = ModbusBattery{config.modbus->setup}};
    ModbusBattery& battery = lone.battery;
    LibmodbusWire wire{config.modbus->address};
    ModbusSession session{wire, [&](const ModbusNews& news) { lone.take(news); }};
    for (const TimePoint start = wire.now(); wire.now() < start + lone.patience() && !battery.is_complete();) {
        session.order(order_of(config.modbus->unit_id, battery));
        wire.sleep_until(std::min(session.step(), start + lone.patience()));
    }
    const auto sample = battery.sample(wire.now());
    if (sample) return {0, json_of(config, battery.model()->family, *sample, battery.nominal_voltage())};
    return {1, text(config.name, ": ", battery.problem().empty() ? lone.trouble : battery.problem(), '\n')};
}

ToolOutcome read_mqtt(const BatteryConfig& config) {
    EventLoop loop;
    std::vector<Member> members{{.name = config.name, .waiting_since = EventLoop::now()}};
    if (config.nominal_voltage) members[0].nominal_voltage = *config.nominal_voltage;
    MqttSource::Feed feed{.member = members.data()};
    if (config.capacity) feed.configured_capacity = *config.capacity / members[0].nominal_voltage;
    const MqttSource source{loop,    config.broker,          text(installation_id(), "_vb_read_", getpid()),
                            members, {{config.topic, feed}}, [&] { loop.stop(); }};
    const auto give_up = loop.timer([&](TimePoint) { loop.stop(); });
    give_up(EventLoop::now() + mqtt_patience);
    loop.run();
    if (members[0].sample) return {0, json_of(config, "", *members[0].sample, members[0].nominal_voltage)};
    return {
        1, text(config.name, ": no usable message on topic ", config.topic, " within ", mqtt_patience.count(), " s\n")};
}

} // namespace

ToolOutcome run_on_batteries(const Options& options) try {
    const ToolRequest request = request_of(options);
    if (options.command == Command::set_id && !options.yes && !user_agrees(request))
        return {1, "nothing was changed\n"};
    if (const auto outcome = ask_running(request)) return *outcome;
    return run_alone(request, options.address);
} catch (const std::runtime_error& error) {
    return {1, text(error.what(), '\n')};
}

ToolOutcome read_battery(const Config& config, const std::string& name) try {
    const auto battery = std::ranges::find(config.batteries, name, &BatteryConfig::name);
    if (battery == config.batteries.end()) {
        std::string known;
        for (const BatteryConfig& each : config.batteries) known += (known.empty() ? "" : ", ") + each.name;
        return {1, text("there is no battery '", name, "' in the configuration, it has: ", known, '\n')};
    }
    const ToolRequest request{.command = Command::read, .first = config.device_instance, .name = name};
    if (const auto outcome = ask_running(request)) return *outcome;
    return battery->modbus ? read_modbus(*battery) : read_mqtt(*battery);
} catch (const std::runtime_error& error) {
    return {1, text(error.what(), '\n')};
}

} // namespace vbat
