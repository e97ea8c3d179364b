#include "app/modbus_source.hpp"

#include "app/modbus_feed.hpp"
#include "runtime/log.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <string_view>
#include <utility>

namespace vbat {
namespace {

std::string without_numbers(std::string text) {
    std::erase_if(text,
                  [](char letter) { return std::string_view{"0123456789.-"}.find(letter) != std::string_view::npos; });
    return text;
}

} // namespace

ModbusSource::ModbusSource(EventLoop& loop, ModbusAddress address, std::vector<Unit> units,
                           std::span<const Member> bank, std::function<void()> changed)
    : address_{std::move(address)}, bank_{bank}, changed_{std::move(changed)},
      link_{loop, address_, [this](const std::vector<ModbusNews>& news) { take_in(news); }} {
    for (Unit& unit : units) units_.push_back({.unit = std::move(unit)});
    for (Served& served : units_) order(served);
}

void ModbusSource::take_in(const std::vector<ModbusNews>& news) {
    for (const ModbusNews& each : news) std::visit([this](const auto& what) { take_in(what); }, each);
}

void ModbusSource::take_in(const ModbusConnection& connection) {
    if (connection.up) {
        if (!told_down_) log_info(text(batteries(), ": connected to ", to_string(address_)));
        for (Served& served : units_) {
            served.unit.battery.reconnected();
            order(served);
        }
    } else if (!told_down_) {
        if (!troubles_.pass("down", EventLoop::now())) return;
        log_warning(text(batteries(), ": ", connection.why, "; trying again"));
        told_down_ = true;
    }
}

void ModbusSource::take_in(const ModbusReport& report) {
    const auto found =
        std::ranges::find_if(units_, [&](const Served& served) { return served.unit.id == report.unit; });
    if (found == units_.end()) return;
    Served& served = *found;
    const auto* const trouble = std::get_if<ModbusTrouble>(&report.result);
    if (trouble != nullptr) tell_trouble(served, report, *trouble);
    if (trouble == nullptr || trouble->fault == ModbusFault::refused) tell_answer();
    const bool news = vbat::take_in(served.unit.battery, report);
    if (auto sample = news ? served.unit.battery.sample(report.taken_at) : std::nullopt)
        take_sample(served, std::move(*sample)); // the last one stays, and grows old, when there is no other
    order(served);
    tell(served, report.taken_at);
}

void ModbusSource::tell_answer() {
    if (std::exchange(told_down_, false)) log_warning(text(batteries(), ": connected again to ", to_string(address_)));
}

// A device at a TCP port of its own answers to every unit id, and it may be named by name and by number.
void ModbusSource::take_sample(Served& served, BatterySample sample) {
    Member& member = *served.unit.member;
    if (const Member* const twin = twin_of(member, sample)) {
        if (troubles_.pass(member.name + " twin", sample.taken_at))
            log_warning(text("battery ", member.name, ": is the same device as ", twin->name, " (serial ",
                             *sample.device_serial, "), it is counted once: remove one of the two sections"));
        return;
    }
    member.sample = std::move(sample);
    changed_();
}

const Member* ModbusSource::twin_of(const Member& member, const BatterySample& sample) const {
    for (const Member& other : bank_)
        if (&other != &member && sample.device_serial && other.sample && !is_lost(other, sample.taken_at) &&
            other.sample->device_serial == sample.device_serial)
            return &other;
    return nullptr;
}

std::string ModbusSource::batteries() const {
    std::string names;
    for (const Served& served : units_) names += (names.empty() ? "battery " : ", ") + served.unit.member->name;
    return names;
}

void ModbusSource::tell_trouble(const Served& served, const ModbusReport& report, const ModbusTrouble& trouble) {
    const auto held_back = troubles_.pass(text(report.unit, ' ', static_cast<int>(trouble.fault)), report.taken_at);
    if (!held_back) return;
    log_info(text("battery ", served.unit.member->name, ": ", trouble.what,
                  *held_back == 0 ? "" : text(" (and ", *held_back, " like it since the last such line)")));
}

void ModbusSource::order(Served& served) {
    ModbusOrder wanted = order_of(served.unit.id, served.unit.battery);
    if (wanted == served.ordered) return;
    served.ordered = wanted;
    link_.order(std::move(wanted));
}

// Transitions only; the same problem with other numbers is none.
void ModbusSource::tell(Served& served, TimePoint now) {
    const ModbusBattery& battery = served.unit.battery;
    const std::string& name = served.unit.member->name;
    if (battery.model() != nullptr && battery.model() != served.told_model) {
        served.told_model = battery.model();
        served.unit.member->nominal_voltage = battery.nominal_voltage();
        log_info(text("battery ", name, " is a ", battery.model()->name, " (", battery.device_name(), ')'));
    }
    const std::string& problem = battery.problem();
    if (problem.empty() && !std::exchange(served.told_problem, {}).empty())
        log_warning(text("battery ", name, ": what was wrong is right again"));
    if (problem.empty() || problem == served.told_problem) return;
    if (!troubles_.pass(text(served.unit.id, ' ', without_numbers(problem)), now)) return;
    served.told_problem = problem;
    log_warning(text("battery ", name, ": ", problem));
}

} // namespace vbat
