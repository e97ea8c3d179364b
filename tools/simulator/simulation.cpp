#include "tools/simulator/simulation.hpp"

#include <algorithm>
#include <stdexcept>

namespace vbat::sim {
namespace {

using namespace std::chrono_literals;

constexpr Duration longest_step = 100ms; // faults that come by themselves are noticed within

} // namespace

Simulation::Simulation(const SimulationSpec& spec, TimePoint now)
    : now_{now}, speed_{spec.speed}, house_{spec.house, now}, random_{spec.house.seed ^ 0xd1ce},
      random_faults_{spec.random_faults}, next_dice_{now + 20s} {
    if (!within(speed_, 0.001, 10000))
        throw std::invalid_argument{"speed " + std::to_string(speed_) + " is not in 0.001..10000"};
    for (const auto& device : house_.devices()) add_line_for(*device);
}

void Simulation::add_line_for(ModbusDevice& device) {
    const BatterySpec& spec = device.battery().spec();
    const bool shared = !spec.gateway.empty();
    const std::string& name = shared ? spec.gateway : spec.name;
    const auto same = [&name](const auto& line) { return line->name() == name; };
    const auto found = std::find_if(lines_.begin(), lines_.end(), same);
    if (found != lines_.end()) {
        if ((*found)->framing() != spec.framing)
            throw std::invalid_argument{"gateway " + name + ": one framing for all its batteries"};
        return (*found)->add(device);
    }
    const bool native = device.battery().model().family == Family::v3 && !shared && spec.framing == Framing::tcp;
    lines_.push_back(std::make_unique<Line>(name, spec.framing, native, random_.bits()));
    lines_.back()->add(device);
}

Line& Simulation::line(std::string_view name) {
    for (const auto& line : lines_)
        if (line->name() == name) return *line;
    return line_of(house_.device(name));
}

Line& Simulation::line_of(const ModbusDevice& device) {
    return **std::find_if(lines_.begin(), lines_.end(), [&device](const auto& line) {
        return std::count(line->devices().begin(), line->devices().end(), &device) == 1;
    });
}

std::optional<TimePoint> Simulation::next_due() const {
    std::optional<TimePoint> next;
    for (const auto& line : lines_)
        if (const auto due = line->next_due()) next = next ? std::min(*next, *due) : due;
    return next;
}

void Simulation::run_until(TimePoint when) {
    do {
        TimePoint next = std::min(when, now_ + longest_step);
        if (const auto due = next_due(); due && *due < next) next = std::max(now_, *due);
        house_.advance(std::chrono::duration_cast<Duration>((next - now_) * speed_), next);
        now_ = next;
        throw_dice();
        for (const auto& line : lines_) line->run(now_);
    } while (now_ < when);
}

// For soaks: one random fault for a while, then a while without.
void Simulation::throw_dice() {
    if (!random_faults_ || now_ < next_dice_) return;
    const auto seconds = [this](double least, double most) { return span_of(random_.between(least, most)); };
    if (diced_) {
        diced_->first->battery().clear_fault(diced_->second, now_);
        diced_.reset();
        next_dice_ = now_ + seconds(20, 60);
        return;
    }
    const auto& devices = house_.devices();
    const auto table = fault_table();
    const FaultRow& row = table[static_cast<std::size_t>(random_.below(static_cast<int>(table.size())))];
    ModbusDevice& device = *devices[static_cast<std::size_t>(random_.below(static_cast<int>(devices.size())))];
    if (row.soak == 0) return; // the next call throws again
    device.battery().set_fault(row.fault, row.soak, now_);
    diced_ = {&device, row.fault};
    next_dice_ = now_ + seconds(5, 60);
}

} // namespace vbat::sim
