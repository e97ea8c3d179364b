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

constexpr auto venus_claim_wait = 30s; // localsettings starts beside us (docs/protocols/venus-dbus.md, Instance)
constexpr auto beat = 10s;             // of the loop: nothing more often than it must be, this runs on batteries
constexpr int hung_after_beats = 3;
constexpr int first_harmless_instance = 513; // loses against every battery Venus OS numbers itself

std::vector<Member> members_of(const Config& config, TimePoint now) {
    std::vector<Member> members;
    for (const BatteryConfig& battery : config.batteries) {
        Member& member = members.emplace_back(Member{
            .name = battery.name, .coupling = battery.coupling, .max_age = config.timeout, .waiting_since = now});
        if (battery.nominal_voltage) member.nominal_voltage = *battery.nominal_voltage;
    }
    return members;
}

VirtualBatterySettings battery_settings(const Config& config) {
    return {.timeout = config.timeout,
            .derive_time_to_go = config.time_to_go.enabled,
            .time_to_go = {.target = config.time_to_go.soc, .recalculate_every = config.time_to_go.recalculate_every}};
}

std::string connection_text(const Config& config) {
    std::vector<std::string> hosts;
    for (const BatteryConfig& battery : config.batteries)
        if (std::ranges::find(hosts, battery.broker.host) == hosts.end()) hosts.push_back(battery.broker.host);
    std::string all = "MQTT";
    for (const std::string& host : hosts) all += (all == "MQTT" ? " " : ", ") + host;
    return all;
}

BatteryIdentity identity_of(const Config& config) {
    return {.product_name = config.device_name,
            .connection = connection_text(config),
            .device_instance = config.device_instance,
            .coupling = config.batteries.front().coupling};
}

std::string names_of(const std::vector<Member>& members) {
    std::string names;
    for (const Member& member : members) names += (names.empty() ? "" : ", ") + member.name;
    return names;
}

std::string device_id(const Config& config) { return text("virtual_battery_", config.device_instance); }

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
    : bus_name_{"com.victronenergy.battery." + device_id(config)}, instance_{config.device_instance},
      coupling_{config.batteries.front().coupling}, members_{members_of(config, EventLoop::now())}, energy_{state_dir},
      battery_{battery_settings(config), energy_.restore()}, items_{tree_, identity_of(config),
                                                                    std::bind_front(&App::store_name, this)},
      service_{loop_, tree_, bus_name_}, publish_soon_{loop_.at_end_of_turn(std::bind_front(&App::publish_now, this))},
      publish_at_{loop_.timer(std::bind_front(&App::publish, this))}, settings_{loop_, device_id(config),
                                                                                config.device_instance,
                                                                                settings_handlers()},
      claim_deadline_{EventLoop::now() + (is_venus_os() ? venus_claim_wait : 0s)},
      lost_(members_.size(), false), watchdog_{hung_after_beats, abort_hung, beat} {
    service_.reserve();
    add_sources(config);
    for (const int signal : {SIGTERM, SIGINT}) loop_.on_signal(signal, [this] { loop_.stop(); });
    arm_next_look(EventLoop::now());
    loop_.every(beat, [this](TimePoint now) {
        watchdog_.beat();
        publish(now);
        energy_.keep(battery_.energy(), now);
    });
}

SettingsClient::Handlers App::settings_handlers() {
    const auto take_name = [this](const std::string& name) {
        items_.set_custom_name(name);
        publish_soon_();
    };
    const auto tell_refusal = [this](const std::string& why) {
        if (refusals_.pass(why, EventLoop::now())) log_warning(why);
    };
    return {[this](int instance) { take_instance(instance); }, take_name, tell_refusal};
}

void App::store_name(const std::string& name) {
    settings_.store_custom_name(name);
    publish_soon_();
}

// One connection per broker, however many batteries speak through it.
void App::add_sources(const Config& config) {
    std::vector<std::pair<BrokerConfig, MqttSource::Feeds>> brokers;
    for (std::size_t i = 0; i < config.batteries.size(); ++i) {
        const BatteryConfig& battery = config.batteries[i];
        if (battery.type != BatteryType::mqtt) continue;
        auto broker = std::ranges::find(brokers, battery.broker, &std::pair<BrokerConfig, MqttSource::Feeds>::first);
        if (broker == brokers.end()) broker = brokers.insert(brokers.end(), {battery.broker, {}});
        MqttSource::Feed feed{.member = &members_[i]};
        if (battery.capacity) feed.configured_capacity = *battery.capacity / members_[i].nominal_voltage;
        broker->second.emplace(battery.topic, std::move(feed));
    }
    const std::string installation = installation_id();
    for (auto& [broker, feeds] : brokers) {
        // Two connections to one broker, with different users, must not share a session.
        const std::string which = sources_.empty() ? "" : text('-', sources_.size() + 1);
        sources_.push_back(
            std::make_unique<MqttSource>(loop_, broker, text(installation, which, "_vb_", config.device_instance),
                                         members_, std::move(feeds), std::bind_front(&App::publish_now, this)));
    }
}

void App::run() {
    log_info(text("version " VBAT_VERSION ", device_instance ", instance_, ", batteries: ", names_of(members_)));
    const KeepAtEnd keep{energy_, battery_};
    loop_.run();
    if (service_.owns_name()) service_.release_name(); // at once: the connections to brokers may take their time to end
}

void App::publish(TimePoint now) {
    const Bank bank = battery_.look(members_, now);
    tell_transitions(bank);
    arm_next_look(now);
    const bool present = battery_.is_present(members_, now) && instance_is_settled(now);
    if (!present) return leave_bus(); // without a last signal: its values would raise alarms nobody needs
    items_.show(bank);
    service_.flush();
    enter_bus();
}

bool App::instance_is_settled(TimePoint now) const { return claimed_ || now >= claim_deadline_; }

// Time alone changes little: a battery that falls silent, and the end of our wait for localsettings.
void App::arm_next_look(TimePoint now) const {
    TimePoint next = next_transition(members_, now);
    if (claim_deadline_ > now) next = std::min(next, claim_deadline_);
    if (next != TimePoint::max()) publish_at_(next);
}

void App::enter_bus() {
    if (service_.owns_name()) return;
    service_.own_name();
    log_info(text(bus_name_, " is on the bus, instance ", instance_));
    if (coupling_ == Coupling::ac && instance_ < first_harmless_instance && !neighbours_)
        neighbours_.emplace(loop_, bus_name_,
                            [this](const std::vector<MonitorCandidate>& others) { tell_monitor(others); });
}

void App::leave_bus() {
    if (!service_.owns_name()) return;
    try {
        service_.release_name();
    } catch (const std::runtime_error& error) {
        return log_warning(error.what()); // the next beat of the loop tries again
    }
    log_warning(bus_name_ + " leaves the bus: no battery has sent anything for the timeout");
}

// The Multi's ESS follows the battery monitor; behind an AC-coupled battery it would follow the wrong one.
void App::tell_monitor(std::vector<MonitorCandidate> others) const {
    if (others.empty()) return;
    const std::string beside = others.front().service;
    others.push_back({.service = bus_name_, .instance = instance_});
    const MonitorCandidate& choice = monitor_choice(others);
    log_warning(text("AC-coupled, and beside ", beside, ": left to choose, Venus OS takes ", choice.service,
                     " (instance ", choice.instance,
                     ") as battery monitor; choose the right one in Settings, System setup, Battery monitor"));
}

// Clients read /DeviceInstance once, when the name appears: a new number means a new appearance.
void App::take_instance(int instance) {
    claimed_ = true;
    if (instance != instance_) {
        log_info(text("localsettings gives instance ", instance, " instead of ", instance_));
        instance_ = instance;
        if (service_.owns_name()) service_.release_name();
        items_.set_instance(instance);
    }
    publish_soon_();
}

void App::tell_transitions(const Bank& bank) {
    for (std::size_t i = 0; i < bank.members.size(); ++i) {
        const MemberReport& member = bank.members[i];
        if (member.lost == lost_[i]) continue;
        lost_[i] = member.lost;
        log_warning(text("battery ", member.name, member.lost ? ": no message for the timeout" : ": is back"));
    }
    if (bank.equal_weights && !told_equal_weights_)
        log_warning("not every battery tells its InstalledCapacity: all weigh the same in the state of charge; set "
                    "capacity_wh");
    told_equal_weights_ |= bank.equal_weights;
}

} // namespace vbat
