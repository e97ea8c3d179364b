// A week of a simulated house in virtual time: what the daemon makes of four batteries that fail in every way they
// know, compared each second with what the physics say.
#include "app/modbus_feed.hpp"
#include "core/virtual_battery.hpp"
#include "tools/simulator/virtual_wire.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdlib>
#include <deque>
#include <sstream>

using namespace vbat;
using namespace std::chrono_literals;

namespace {

using sim::Fault;

const TimePoint start{12h};

int days() {
    const char* const wanted = std::getenv("SOAK_DAYS");
    return wanted != nullptr ? std::atoi(wanted) : 7;
}

// The truth of the last half minute.
struct History {
    struct Moment {
        TimePoint when{};
        Watts power{};
        double soc{};
    };
    std::deque<Moment> moments{};

    void note(TimePoint when, const sim::BatteryPlant& plant) {
        moments.push_back({when, plant.register_power(), plant.packs().soc()});
        while (moments.front().when < when - 30s) moments.pop_front();
    }

    // A device refreshes its registers every 1 to 2 s, with a lag, and ramps meanwhile.
    bool had_power(Watts power, TimePoint taken_at) const {
        double least = moments.back().power.value;
        double most = least;
        for (const Moment& moment : moments) {
            if (moment.when < taken_at - 8s) continue; // and one of two powers may be newer than their sample
            least = std::min(least, moment.power.value);
            most = std::max(most, moment.power.value);
        }
        const double margin = 30 + (most - least) / 10; // noise, and peaks between two moments
        return power.value > least - margin && power.value < most + margin;
    }
};

doctest::String toString(const History& history) {
    std::ostringstream out;
    for (const History::Moment& moment : history.moments)
        out << std::chrono::duration<double>(moment.when - start).count() << ": " << moment.power.value << " W, "
            << moment.soc << " %\n";
    return out.str().c_str();
}

// One battery as the daemon keeps it, and as it is.
struct Battery {
    Battery(int unit_id, std::string name, sim::Simulation& simulation)
        : unit{unit_id}, member{.name = name, .coupling = Coupling::ac, .max_age = 15s, .waiting_since = start},
          device{simulation.house().device(name).battery()} {}

    const sim::BatteryPlant& plant() const { return device.plant(); }
    Energy counted() const {
        const auto& book = plant().book();
        return {KilowattHours{book.counted_charge.value / 1000}, KilowattHours{book.counted_discharge.value / 1000}};
    }

    int unit;
    Member member;
    ModbusBattery known{ModbusBatterySetup{}};
    sim::Battery& device;
    History history{};
    Energy begun{};
    std::uint64_t samples{};
};

// A connection in a house of its own: a blocking call moves only its own time.
struct Connection {
    Connection(std::vector<sim::BatterySpec> specs, const std::string& port, std::uint64_t seed)
        : simulation{{.house =
                          {.seed = seed, .load = "profile:day", .solar = "profile:clouds:6000", .batteries = specs}},
                     start},
          wire{simulation, port}, session{wire, [this](const ModbusNews& news) { take(news); }}, dice{seed} {
        for (const sim::BatterySpec& spec : specs)
            batteries.push_back(std::make_unique<Battery>(spec.unit, spec.name, simulation));
        simulation.house().observe([this] { note_truth(); });
        order();
    }

    void run_until(TimePoint when) {
        while (wire.now() < when) {
            order();
            wire.sleep_until(std::min(session.step(), when));
        }
        next_note = {};
        note_truth();
        throw_dice(wire.now());
    }

    void clear_fault() {
        if (fault) fault->first->clear_fault(fault->second, wire.now());
        fault.reset();
    }

    sim::Simulation simulation;
    sim::VirtualWire wire;
    ModbusSession session;
    std::vector<std::unique_ptr<Battery>> batteries{};
    sim::Random dice;
    TimePoint next_dice{};
    TimePoint next_note{};
    std::optional<std::pair<sim::Battery*, Fault>> fault{};
    int faults{};

private:
    // Also while a request waits.
    void note_truth() {
        const auto seconds = std::chrono::duration<double>(simulation.house().seconds());
        const TimePoint now = start + std::chrono::duration_cast<Duration>(seconds);
        if (now < next_note) return;
        next_note = now + 200ms;
        for (const auto& battery : batteries) battery->history.note(now, battery->plant());
    }

    void order() {
        for (const auto& battery : batteries) session.order(order_of(battery->unit, battery->known));
    }

    void take(const ModbusNews& news) {
        if (const auto* connection = std::get_if<ModbusConnection>(&news)) {
            if (connection->up)
                for (const auto& battery : batteries) battery->known.reconnected();
            return;
        }
        const auto& report = std::get<ModbusReport>(news);
        for (const auto& battery : batteries) {
            if (battery->unit != report.unit || !take_in(battery->known, report)) continue;
            if (auto sample = battery->known.sample(report.taken_at)) battery->member.sample = std::move(sample);
            ++battery->samples;
        }
    }

    // Faults of half a minute to hours, one at a time, with time to recover between them.
    void throw_dice(TimePoint now) {
        if (now < next_dice) return;
        const bool had_one = fault.has_value();
        clear_fault();
        const auto seconds = [&](double least, double most) {
            return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(dice.between(least, most)));
        };
        next_dice = now + seconds(60, 600);
        if (had_one) return;
        const auto table = sim::fault_table();
        const auto& row = table[static_cast<std::size_t>(dice.below(static_cast<int>(table.size())))];
        const bool queue = row.fault == Fault::off_by_one; // not among the simulator's own
        if (row.soak == 0 && !queue) return;
        sim::Battery& victim =
            batteries[static_cast<std::size_t>(dice.below(static_cast<int>(batteries.size())))]->device;
        victim.set_fault(row.fault, queue ? 20 : row.soak, now);
        fault = {&victim, row.fault};
        ++faults;
        if (row.fault == Fault::frozen_totals) next_dice = now + seconds(3600, 4 * 3600);
    }
};

void check_sample(const Connection& connection, const Battery& battery, TimePoint now) {
    const std::string_view fault =
        connection.fault ? sim::fault_row(connection.fault->second).name : std::string_view{"none"};
    CAPTURE(fault);
    CAPTURE(battery.history);
    const Member& member = battery.member;
    if (!member.sample || is_lost(member, now)) return;
    const BatterySample& sample = *member.sample;
    CAPTURE(member.name);
    CAPTURE(std::chrono::duration<double>(now - start).count());
    if (!sample.ac_power) return; // on V12 it comes by another request than the battery's own power
    CAPTURE(sample.ac_power->value);
    CAPTURE(std::chrono::duration<double>(sample.taken_at - start).count());
    CAPTURE(battery.plant().register_power().value);
    REQUIRE(battery.history.had_power(*sample.ac_power, sample.taken_at));
    CAPTURE(battery.plant().packs().soc());
    if (sample.soc) REQUIRE(std::abs(sample.soc->value - battery.plant().packs().soc()) < 6); // held for 5 min at most
    if (sample.voltage) REQUIRE(std::abs(sample.voltage->value / battery.known.nominal_voltage().value - 1) < 0.15);
}

double growth(KilowattHours now, KilowattHours then) { return (now - then).value; }

SCENARIO("a week with random faults") {
    std::vector<std::unique_ptr<Connection>> connections;
    connections.push_back(std::make_unique<Connection>(
        std::vector<sim::BatterySpec>{{.name = "garage", .model = "e3", .ct = true}}, "garage", 1));
    connections.push_back(std::make_unique<Connection>(
        std::vector<sim::BatterySpec>{{.name = "roof", .model = "d", .packs = 3, .ct = true}}, "roof", 2));
    connections.push_back(std::make_unique<Connection>(
        std::vector<sim::BatterySpec>{{.name = "attic", .model = "v12-e", .unit = 1, .gateway = "line", .ct = true},
                                      {.name = "shed", .model = "v12-e", .unit = 2, .gateway = "line", .ct = true}},
        "line", 3));
    std::vector<Battery*> batteries;
    for (const auto& connection : connections)
        for (const auto& battery : connection->batteries) batteries.push_back(battery.get());

    VirtualBattery bank{{}, {}};
    EnergyBook first;
    std::vector<Member> members;
    const TimePoint end = start + days() * 24h;
    for (TimePoint now = start + 1s; now <= end; now += 1s) {
        for (const auto& connection : connections) {
            connection->run_until(now);
            if (now > end - 1h) { // what stood still catches up
                connection->clear_fault();
                connection->next_dice = end + 1h;
            }
        }
        members.clear();
        for (const auto& connection : connections)
            for (const auto& battery : connection->batteries) {
                members.push_back(battery->member);
                check_sample(*connection, *battery, now);
            }
        bank.look(members, now);
        if (now == start + 120s) // all have told their totals
            for (Battery* battery : batteries) {
                REQUIRE(battery->member.sample);
                first = EnergyBook{bank.energy()};
                battery->begun = battery->counted();
            }
    }

    for (const auto& connection : connections) {
        const auto& counters = connection->session.counters();
        MESSAGE(connection->faults, " faults, ", counters.requests, " requests, ", counters.timeouts, " time-outs, ",
                counters.garbled, " garbled, ", counters.resyncs, " resyncs, ", counters.connects, " connects");
    }
    for (const Battery* battery : batteries) {
        const Energy book = bank.energy().at(battery->member.name);
        const Energy before = first.entries().at(battery->member.name);
        const Energy truth = battery->counted();
        const double charged = growth(book.charged, before.charged);
        const double discharged = growth(book.discharged, before.discharged);
        const double true_charged = growth(truth.charged, battery->begun.charged);
        const double true_discharged = growth(truth.discharged, battery->begun.discharged);
        MESSAGE(battery->member.name, ": ", battery->samples, " samples, charged ", charged, " of ", true_charged,
                " kWh, discharged ", discharged, " of ", true_discharged);
        CHECK_FALSE(is_lost(battery->member, end));
        CHECK(true_charged > 2 * days());
        CHECK(std::abs(charged - true_charged) <= 0.001 * true_charged + 0.02); // two roundings of 0.01 kWh
        CHECK(std::abs(discharged - true_discharged) <= 0.001 * true_discharged + 0.02);
        CHECK(battery->device.counters().forbidden == 0);
        CHECK(battery->device.counters().writes == 0);
    }
}

} // namespace
