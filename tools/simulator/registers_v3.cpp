// Venus E 3.0, A, D, C generation 3: the words only they have.
#include "tools/simulator/registers.hpp"

#include <algorithm>
#include <array>
#include <cmath>

namespace vbat::sim {
namespace {

using B = const Battery&;
constexpr auto volts = Kind::voltage;
constexpr auto degrees = Kind::temperature;

constexpr int solar_inputs = 2; // of four that are in use
constexpr double solar_volts = 49;

const Pack& first(B battery) { return battery.seen().packs.front(); }
const Pack& active(B battery) { return battery.seen().packs[battery.seen().active]; }

double ac_out(B battery, int) { return -battery.seen().ac.value; } // + feeds the grid
double backup(B battery, int) { return battery.seen().backup.value; }
double backup_volts(B battery, int) { return battery.seen().backup_voltage.value; }
double grid_volts(B battery, int) { return battery.seen().grid_voltage.value; }
double zero(B, int) { return 0; }

// The inverter's own figure: what the panels put into the pack is not in it.
double inverter_dc(B battery, int) { return battery.seen().dc.value - battery.seen().solar.value * 0.96; }

double input_watts(B battery, int input) {
    return input < solar_inputs ? battery.seen().solar.value / solar_inputs : 0;
}
double input_volts(B battery, int input) {
    return input_watts(battery, input) > 0 ? solar_volts : battery.model().solar ? 9.9 : 0;
}
double input_amps(B battery, int input) { return input_watts(battery, input) / solar_volts; }

// Divides as unsigned: whole amperes when charging, nonsense otherwise.
double broken_current(B battery, int) {
    const double amps = active(battery).current.value;
    if (amps >= 0) return std::floor(amps);
    return std::floor((393216 + amps * 10) / 10);
}

// Solar power that passes and a trace of the rest: not the battery's current.
double not_the_current(B battery, int) {
    const double pack = std::max(1.0, active(battery).voltage.value);
    return -battery.seen().solar.value / pack + active(battery).current.value * 0.03;
}

double cell(B battery, int above) { return first(battery).voltage.value / battery.model().cells + 0.001 * above; }
double cell_celsius(B battery, int above) { return battery.seen().cell_celsius + 0.1 * above; }
double limit(B battery, bool none) { return none ? 0 : battery.model().solar ? 50 : 100; }
double packs(B battery, int) { return double(battery.seen().packs.size()); }
double soc_of_first(B battery, int) { return std::clamp(first(battery).soc, 0.0, 100.0); }

// Firmware 147 leaves something behind the NUL; it shall not be read.
std::string name(B battery) {
    std::string text{battery.model().name};
    if (battery.firmware_version() != 147) return text;
    text.resize(8, '\0');
    return text + "\x06\x07";
}

std::string address(B battery) { return {char(192), 0, 2, char(10 + battery.number())}; } // 192.0.2.x
std::string gateway(B) { return {char(192), 0, 2, 1}; }

constexpr std::array rows{
    RegisterRow{
        .address = 30000, .scale = .1, .kind = volts, .value = [](B b, int) { return active(b).voltage.value - .3; }},
    RegisterRow{.address = 30001, .value = inverter_dc},
    RegisterRow{.address = 30002, .scale = .1, .kind = degrees, .value = [](B b, int) { return b.seen().celsius; }},
    RegisterRow{.address = 30003, .scale = .1, .kind = degrees, .value = [](B b, int) { return b.seen().celsius + 2; }},
    RegisterRow{.address = 30004, .scale = .1, .kind = volts, .value = grid_volts},
    RegisterRow{.address = 30005, .scale = .1, .kind = volts, .value = backup_volts},
    RegisterRow{.address = 30006, .value = ac_out},
    RegisterRow{.address = 30007, .value = backup},
    RegisterRow{.address = 30010, .value = zero},
    RegisterRow{.address = 30020, .scale = .1, .value = input_volts, .argument = 0},
    RegisterRow{.address = 30021, .scale = .1, .value = input_volts, .argument = 1},
    RegisterRow{.address = 30022, .scale = .1, .value = input_volts, .argument = 2},
    RegisterRow{.address = 30023, .scale = .1, .value = input_volts, .argument = 3},
    RegisterRow{.address = 30024, .scale = .1, .value = input_amps, .argument = 0},
    RegisterRow{.address = 30025, .scale = .1, .value = input_amps, .argument = 1},
    RegisterRow{.address = 30026, .scale = .1, .value = input_amps, .argument = 2},
    RegisterRow{.address = 30027, .scale = .1, .value = input_amps, .argument = 3},
    RegisterRow{
        .address = 30028, .scale = .1, .kind = volts, .value = [](B b, int) { return active(b).voltage.value; }},
    RegisterRow{.address = 30029, .scale = .1, .value = not_the_current},
    RegisterRow{.address = 30037, .scale = .1, .value = input_watts, .argument = 0},
    RegisterRow{.address = 30038, .scale = .1, .value = input_watts, .argument = 1},
    RegisterRow{.address = 30039, .scale = .1, .value = input_watts, .argument = 2},
    RegisterRow{.address = 30040, .scale = .1, .value = input_watts, .argument = 3},
    RegisterRow{
        .address = 30100, .scale = .01, .kind = volts, .value = [](B b, int) { return first(b).voltage.value; }},
    RegisterRow{.address = 30101, .scale = .1, .value = [](B b, int) { return first(b).current.value; }},
    RegisterRow{.address = 30102, .scale = .001, .kind = volts, .value = cell, .argument = 1},
    RegisterRow{.address = 30103, .scale = .001, .kind = volts, .value = cell, .argument = -1},
    RegisterRow{.address = 30104, .scale = .01, .kind = degrees, .value = cell_celsius, .argument = 2},
    RegisterRow{.address = 30105, .scale = .01, .kind = degrees, .value = cell_celsius, .argument = 0},
    RegisterRow{.address = 30200, .value = [](B b, int) { return double(b.firmware_version()); }},
    RegisterRow{.address = 30201, .value = [](B, int) { return 18.0; }},
    RegisterRow{.address = 30202, .value = [](B, int) { return 116.0; }},
    RegisterRow{.address = 30203, .value = [](B, int) { return 106.0; }},
    RegisterRow{.address = 30204, .value = [](B, int) { return 116.0; }},
    RegisterRow{.address = 30205, .value = [](B b, int) { return b.model().solar ? 104.0 : 0; }},
    RegisterRow{.address = 30212, .value = [](B, int) { return 5.0; }}, // always
    RegisterRow{.address = 30304, .words = 6, .text = mac_of},
    RegisterRow{.address = 30350, .words = 6, .text = [](B) { return std::string{"202409090159"}; }},
    RegisterRow{.address = 30400, .words = 2, .text = address},
    RegisterRow{.address = 30402, .words = 2, .text = gateway},
    RegisterRow{.address = 31000, .words = 10, .text = name},
    RegisterRow{
        .address = 32100, .scale = .01, .kind = volts, .value = [](B b, int) { return active(b).voltage.value; }},
    RegisterRow{.address = 32101, .value = broken_current},
    RegisterRow{.address = 32102, .words = 2, .value = zero}, // broken
    RegisterRow{.address = 32104, .kind = Kind::soc, .value = [](B b, int) { return b.seen().soc; }},
    RegisterRow{.address = 32106,
                .scale = .1,
                .kind = Kind::charge_limit,
                .value = [](B b, int) { return limit(b, b.seen().full); }},
    RegisterRow{.address = 32107, .scale = .1, .value = [](B b, int) { return limit(b, b.seen().empty); }},
    RegisterRow{.address = 32108, .scale = .1, .kind = degrees, .value = cell_celsius},
    RegisterRow{.address = 32109, .value = packs},
    RegisterRow{.address = 32110, .value = [](B b, int) { return std::exp2(packs(b, 0)) - 1; }},
    RegisterRow{.address = 32111, .value = [](B b, int) { return double(b.seen().active + 1); }},
    RegisterRow{.address = 32201, .scale = .1, .kind = volts, .value = grid_volts},
    RegisterRow{.address = 32202, .words = 2, .value = ac_out},
    RegisterRow{.address = 32204, .scale = .1, .value = [](B b, int) { return b.seen().frequency.value; }},
    RegisterRow{.address = 32301, .scale = .1, .kind = volts, .value = backup_volts},
    RegisterRow{.address = 32302, .value = backup},
    RegisterRow{.address = 35010, .scale = .1, .kind = degrees, .value = cell_celsius, .argument = 3},
    RegisterRow{.address = 35011, .scale = .1, .kind = degrees, .value = cell_celsius, .argument = 0},
    RegisterRow{.address = 37000, .value = [](B b, int) { return double(b.firmware().settings().unit); }},
    RegisterRow{.address = 37004, .value = ac_out}, // as 30006
    RegisterRow{.address = 37005, .kind = Kind::soc, .value = soc_of_first},
    RegisterRow{.address = 37006, .scale = .1, .kind = degrees, .value = cell_celsius, .argument = 1},
    RegisterRow{.address = 37007, .scale = .001, .kind = volts, .value = cell, .argument = 1},
    RegisterRow{.address = 37008, .scale = .001, .kind = volts, .value = cell, .argument = -1},
    RegisterRow{.address = 37017, .scale = .1, .value = input_watts, .argument = 0},
    RegisterRow{.address = 37018, .scale = .1, .value = input_watts, .argument = 1},
    RegisterRow{.address = 37019, .scale = .1, .value = input_watts, .argument = 2},
    RegisterRow{.address = 37020, .scale = .1, .value = input_watts, .argument = 3},
    RegisterRow{.address = 37023, .value = zero},
    RegisterRow{.address = 37024, .value = zero},
};

} // namespace

std::span<const RegisterRow> v3_rows() { return rows; }

} // namespace vbat::sim
