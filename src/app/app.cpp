#include "app/app.hpp"

#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <functional>

namespace vbat {
namespace {

using namespace std::chrono_literals;

constexpr auto beat = 10s; // of the loop: nothing more often than it must be, this runs on batteries
constexpr int hung_after_beats = 3;
constexpr int first_harmless_instance = 513; // loses against every battery Venus OS numbers itself

Duration max_age_of(const BatteryConfig& battery, const Config& config) {
    return battery.modbus ? max_age(battery.modbus->setup) : Duration{config.timeout};
}

std::vector<Member> members_of(const Config& config, TimePoint now) {
    std::vector<Member> members;
    for (const BatteryConfig& battery : config.batteries) {
        Member member{.name = battery.name,
                      .coupling = battery.coupling,
                      .max_age = max_age_of(battery, config),
                      .waiting_since = now};
        if (battery.nominal_voltage) member.nominal_voltage = *battery.nominal_voltage;
        members.push_back(std::move(member));
    }
    return members;
}

VirtualBatterySettings battery_settings(const Config& config) {
    return {.timeout = config.timeout,
            .derive_time_to_go = config.time_to_go.enabled,
            .time_to_go = {.target = config.time_to_go.soc, .recalculate_every = config.time_to_go.recalculate_every}};
}

std::string connection_text(const BatteryConfig& battery) {
    return battery.modbus ? "Modbus " + to_string(battery.modbus->address) : "MQTT " + battery.broker.host;
}

std::string connection_text(const Config& config) {
    std::vector<std::string> all;
    for (const BatteryConfig& battery : config.batteries)
        if (const auto one = connection_text(battery); std::ranges::find(all, one) == all.end()) all.push_back(one);
    std::string joined;
    for (const std::string& one : all) joined += (joined.empty() ? "" : ", ") + one;
    return joined;
}

BatteryIdentity identity_of(const Config& config) {
    return {.product_name = config.device_name,
            .connection = connection_text(config),
            .device_instance = config.device_instance,
            .coupling = config.batteries.front().coupling};
}

// By the rules of AC-coupled storage whatever it is: the bank, not one of its parts, speaks to a DC system.
BatteryIdentity identity_of_member(const Config& config, std::size_t index) {
    const BatteryConfig& battery = config.batteries[index];
    return {.product_name = battery.name,
            .connection = connection_text(battery),
            .device_instance = config.device_instance + 1 + static_cast<int>(index),
            .coupling = Coupling::ac,
            .is_device = true};
}

std::string names_of(const std::vector<Member>& members) {
    std::string names;
    for (const Member& member : members) names += (names.empty() ? "" : ", ") + member.name;
    return names;
}

std::string device_id(const Config& config) { return text("virtual_battery_", config.device_instance); }

// In D-Bus paths there is no hyphen.
std::string device_id(const Config& config, const std::string& member) {
    std::string id = device_id(config) + '_';
    for (const char letter : member) id += letter == '-' ? std::string{"__"} : std::string{letter};
    return id;
}

// A lost bus ends the loop with an exception, and what was counted is kept all the same.
struct KeepAtEnd {
    EnergyState& state;
    const VirtualBattery& battery;

    KeepAtEnd(EnergyState& where, const VirtualBattery& what) : state{where}, battery{what} {}
    ~KeepAtEnd() { state.keep_last(battery.energy()); }
    KeepAtEnd(const KeepAtEnd&) = delete;
    KeepAtEnd& operator=(const KeepAtEnd&) = delete;
};

[[noreturn]] void abort_hung() {
    // Not log_error(): its writer would not get to it any more.
    std::fprintf(stderr, "error: the main loop has not turned for %d s: aborting, the supervisor starts anew\n",
                 static_cast<int>((hung_after_beats * beat).count()));
    std::abort();
}

} // namespace

App::App(const Config& config, const std::filesystem::path& state_dir)
    : coupling_{config.batteries.front().coupling}, members_{members_of(config, EventLoop::now())}, energy_{state_dir},
      battery_{battery_settings(config), energy_.restore()}, publish_soon_{loop_.at_end_of_turn(
                                                                 [this] { publish(EventLoop::now()); })},
      publish_at_{loop_.timer(std::bind_front(&App::publish, this))}, published_{loop_, device_id(config),
                                                                                 identity_of(config), publish_soon_},
      lost_(members_.size(), false), watchdog_{hung_after_beats, abort_hung, beat} {
    published_.reserve(); // first: who finds another instance here learns it from this name
    tools_.emplace(loop_, config, members_, modbus_sources_);
    if (config.publish_members) publish_members(config);
    add_mqtt_sources(config);
    add_modbus_sources(config);
    for (const int signal : {SIGTERM, SIGINT}) loop_.on_signal(signal, [this] { loop_.stop(); });
    arm_next_look(EventLoop::now());
    loop_.every(beat, [this](TimePoint now) {
        watchdog_.beat();
        publish(now);
        energy_.keep(battery_.energy(), now);
    });
}

App::Alone::Alone(App& app, const Config& config, std::size_t index)
    : member{&app.members_[index]}, battery{battery_settings(config), app.battery_.energy()},
      published{app.loop_, device_id(config, member->name), identity_of_member(config, index), app.publish_soon_} {}

void App::publish_members(const Config& config) {
    for (std::size_t i = 0; i < members_.size(); ++i) alone_.push_back(std::make_unique<Alone>(*this, config, i));
}

// One connection per broker, however many batteries speak through it.
void App::add_mqtt_sources(const Config& config) {
    std::vector<std::pair<BrokerConfig, MqttSource::Feeds>> brokers;
    for (std::size_t i = 0; i < config.batteries.size(); ++i) {
        const BatteryConfig& battery = config.batteries[i];
        if (battery.modbus) continue;
        auto broker = std::ranges::find(brokers, battery.broker, &std::pair<BrokerConfig, MqttSource::Feeds>::first);
        if (broker == brokers.end()) broker = brokers.insert(brokers.end(), {battery.broker, {}});
        MqttSource::Feed feed{.member = &members_[i]};
        if (battery.capacity) feed.configured_capacity = *battery.capacity / members_[i].nominal_voltage;
        broker->second.emplace(battery.topic, std::move(feed));
    }
    const std::string installation = installation_id();
    for (auto& [broker, feeds] : brokers) {
        // Two connections to one broker, with different users, must not share a session.
        const std::string which = mqtt_sources_.empty() ? "" : text('-', mqtt_sources_.size() + 1);
        mqtt_sources_.push_back(
            std::make_unique<MqttSource>(loop_, broker, text(installation, which, "_vb_", config.device_instance),
                                         members_, std::move(feeds), [this] { publish(EventLoop::now()); }));
    }
}

// One connection per address: behind a gateway the batteries take turns.
void App::add_modbus_sources(const Config& config) {
    std::vector<std::pair<ModbusAddress, std::vector<ModbusSource::Unit>>> connections;
    for (std::size_t i = 0; i < config.batteries.size(); ++i) {
        const auto& modbus = config.batteries[i].modbus;
        if (!modbus) continue;
        auto connection = std::ranges::find(connections, modbus->address, [](const auto& each) { return each.first; });
        if (connection == connections.end()) connection = connections.insert(connections.end(), {modbus->address, {}});
        connection->second.push_back({modbus->unit_id, &members_[i], ModbusBattery{modbus->setup}});
    }
    for (auto& [address, units] : connections)
        modbus_sources_.push_back(
            std::make_unique<ModbusSource>(loop_, address, std::move(units), members_, publish_soon_));
}

void App::run() {
    log_info(
        text("version " VBAT_VERSION ", device_instance ", published_.instance(), ", batteries: ", names_of(members_)));
    const KeepAtEnd keep{energy_, battery_};
    loop_.run();
    published_.leave_for_good(); // at once: the connections to brokers and batteries may take their time to end
    for (const auto& alone : alone_) alone->published.leave_for_good();
}

void App::publish(TimePoint now) {
    const Bank bank = battery_.look(members_, now);
    tell_transitions(bank);
    arm_next_look(now);
    published_.show(bank, battery_.is_present(members_, now), now);
    for (const auto& alone : alone_) {
        const std::span one{alone->member, 1};
        alone->published.show(alone->battery.look(one, now), alone->battery.is_present(one, now), now);
    }
    look_for_neighbours();
}

// Time alone changes little: a battery that falls silent, and the end of our wait for localsettings.
void App::arm_next_look(TimePoint now) const {
    TimePoint next = std::min(battery_.next_change(members_, now), published_.next_look(now));
    for (const auto& alone : alone_)
        next = std::min({next, alone->battery.next_change({alone->member, 1}, now), alone->published.next_look(now)});
    if (next != TimePoint::max()) publish_at_(next);
}

void App::look_for_neighbours() {
    if (neighbours_ || !published_.is_on_bus()) return;
    if (coupling_ == Coupling::ac && published_.instance() < first_harmless_instance)
        neighbours_.emplace(loop_, published_.bus_name(),
                            [this](const std::vector<MonitorCandidate>& others) { tell_monitor(others); });
}

// The Multi's ESS follows the battery monitor; behind an AC-coupled battery it would follow the wrong one.
void App::tell_monitor(std::vector<MonitorCandidate> others) const {
    if (others.empty()) return;
    const std::string beside = others.front().service;
    others.push_back({.service = published_.bus_name(), .instance = published_.instance()});
    const MonitorCandidate& choice = monitor_choice(others);
    log_warning(text("AC-coupled, and beside ", beside, ": left to choose, Venus OS takes ", choice.service,
                     " (instance ", choice.instance,
                     ") as battery monitor; choose the right one in Settings, System setup, Battery monitor"));
}

void App::tell_transitions(const Bank& bank) {
    for (std::size_t i = 0; i < bank.members.size(); ++i) {
        const MemberReport& member = bank.members[i];
        if (member.lost == lost_[i]) continue;
        lost_[i] = member.lost;
        const auto age = std::chrono::duration_cast<std::chrono::seconds>(members_[i].max_age).count();
        log_warning(text("battery ", member.name, member.lost ? text(": not heard of for ", age, " s") : ": is back"));
    }
    if (bank.equal_weights && !told_equal_weights_)
        log_warning("not every battery tells its InstalledCapacity: all weigh the same in the state of charge; set "
                    "capacity_wh");
    told_equal_weights_ |= bank.equal_weights;
}

} // namespace vbat
