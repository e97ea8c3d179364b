#pragma once

#include "tools/simulator/faults.hpp"
#include "tools/simulator/firmware.hpp"
#include "tools/simulator/plant.hpp"
#include "tools/simulator/telemetry.hpp"

#include <map>
#include <string>
#include <utility>
#include <vector>

namespace vbat::sim {

enum class Framing { tcp, rtu_over_tcp, rtu }; // rtu: on a pseudo terminal

struct BatterySpec {
    std::string name{};
    std::string model{};
    std::string plant{"nom"};
    double soc{50};
    int packs{}; // 0: as many as the model has
    int unit{1};
    int port{}; // 0: chosen by the system
    Framing framing{Framing::tcp};
    std::string gateway{}; // batteries with the same one share its port
    int firmware{};        // 0: the model's
    bool ct{};
    double backup_watts{};
    std::string solar{"constant:0"}; // on its DC side
    std::vector<std::pair<Fault, double>> faults{};
};

// What the house is to a battery at one step.
struct Surroundings {
    bool grid{true};
    Watts meter{};    // at the grid connection, + imports
    double seconds{}; // since Monday 00:00
    Watts solar{};    // of this battery's own panels
    TimePoint now{};  // of the line, for the faults
};

// Requests it has seen, for those who test.
struct BatteryCounters {
    std::uint64_t requests{};
    std::uint64_t writes{};
    std::uint64_t forbidden{};                        // touched what nobody should (README)
    std::map<std::uint16_t, std::uint64_t> written{}; // accepted, by address
};

// A device: its cells, its own will, its faults, and what its registers were last refreshed with.
class Battery {
public:
    Battery(const BatterySpec& spec, int number, std::uint64_t seed, TimePoint now); // throws std::invalid_argument

    void step(double seconds, const Surroundings& around);
    void set_fault(Fault fault, double value, TimePoint now);
    void clear_fault(Fault fault, TimePoint now); // as it was delivered
    void set_soc(double soc);
    void new_connection();
    void restart();             // register 41000
    void notice(TimePoint now); // what became due of its faults
    bool is_off(TimePoint now) const { return faults_.until(Fault::reboot, now).has_value(); }

    const BatterySpec& spec() const { return spec_; }
    const DeviceModel& model() const { return model_; }
    int number() const { return number_; } // of the house, from 1: part of its MAC
    int firmware_version() const { return spec_.firmware != 0 ? spec_.firmware : model_.firmware; }
    const BatteryPlant& plant() const { return plant_; }
    const Telemetry& seen() const { return seen_; }       // by its registers
    const Telemetry& counted() const { return counted_; } // the energy counters: may be frozen
    Firmware& firmware() { return firmware_; }
    const Firmware& firmware() const { return firmware_; }
    FaultPanel& faults() { return faults_; }
    const FaultPanel& faults() const { return faults_; }
    BatteryCounters& counters() { return counters_; }
    const BatteryCounters& counters() const { return counters_; }
    Random& random() { return random_; }
    void set_backup_watts(double watts) { spec_.backup_watts = watts; }
    void set_ct(bool ct) { spec_.ct = ct; }

private:
    bool is_native() const; // has a TCP port of its own
    PlantInputs inputs(double seconds, const Surroundings& around);
    void refresh(const Surroundings& around);

    BatterySpec spec_;
    const DeviceModel& model_;
    const PlantPreset& preset_;
    int number_;
    Random random_;
    BatteryPlant plant_;
    Firmware firmware_;
    FaultPanel faults_;
    BatteryCounters counters_{};
    EnergyCounters energy_{};
    Watts lagged_{};
    Telemetry seen_{};
    Telemetry counted_{};
    double since_refresh_{};
    TimePoint drop_seen_{};
    TimePoint now_{};
};

} // namespace vbat::sim
