// Venus E generation 1 and 2, C generation 2: the words only they have.
#include "tools/simulator/registers.hpp"

#include <array>

namespace vbat::sim {
namespace {

using B = const Battery&;
constexpr auto volts = Kind::voltage;
constexpr auto degrees = Kind::temperature;

double battery_volts(B battery, int) { return battery.seen().packs.front().voltage.value; }
double battery_amps(B battery, int) { return battery.seen().packs.front().current.value; }
double soc(B battery, int) { return battery.seen().soc; }
double ac_out(B battery, int) { return -battery.seen().ac.value; } // + feeds the grid
double ac_amps(B battery, int) {
    const double grid = battery.seen().grid_voltage.value;
    return grid > 0 ? -battery.seen().ac.value / grid : 0;
}
double backup_volts(B battery, int) { return battery.seen().backup_voltage.value; }
double celsius(B battery, int) { return battery.seen().celsius; }
double cell(B battery, int above) { return battery_volts(battery, 0) / battery.model().cells + 0.001 * above; }
double cell_celsius(B battery, int above) { return battery.seen().cell_celsius + above; }
double firmware(B battery, int) { return battery.firmware_version(); }

constexpr std::array rows{
    RegisterRow{.address = 30001, .scale = .01, .kind = volts, .value = battery_volts},
    RegisterRow{.address = 30002, .scale = .01, .value = battery_amps},
    RegisterRow{
        .address = 30004, .scale = .1, .kind = volts, .value = [](B b, int) { return b.seen().grid_voltage.value; }},
    RegisterRow{.address = 30005, .scale = .01, .value = ac_amps},
    RegisterRow{.address = 30006, .scale = .1, .kind = volts, .value = backup_volts},
    RegisterRow{
        .address = 30008, .scale = .1, .kind = degrees, .value = [](B b, int) { return b.seen().celsius + 1.3; }},
    RegisterRow{
        .address = 30009, .scale = .1, .kind = degrees, .value = [](B b, int) { return b.seen().celsius + 1.1; }},
    RegisterRow{.address = 30010, .scale = .1, .kind = degrees, .value = celsius},
    RegisterRow{.address = 30399, .value = [](B, int) { return 213.0; }},
    RegisterRow{.address = 30400, .scale = .01, .value = [](B, int) { return 1.53; }},
    RegisterRow{.address = 30401, .value = firmware},
    RegisterRow{.address = 30402, .words = 6, .text = mac_of},
    RegisterRow{.address = 30800, .words = 6, .text = [](B) { return std::string{"202409090159"}; }},
    RegisterRow{.address = 31000, .words = 10, .text = [](B b) { return std::string{b.model().name}; }},
    RegisterRow{.address = 31100, .scale = .01, .value = [](B, int) { return 1.53; }},
    RegisterRow{.address = 31101, .value = firmware},
    RegisterRow{.address = 31102, .value = [](B, int) { return 213.0; }},
    RegisterRow{.address = 31200, .words = 10, .text = [](B) { return std::string{}; }},
    RegisterRow{.address = 32100, .scale = .01, .kind = volts, .value = battery_volts},
    RegisterRow{.address = 32101, .scale = .01, .value = battery_amps},
    RegisterRow{.address = 32102, .words = 2, .value = [](B b, int) { return b.seen().dc.value; }},
    RegisterRow{.address = 32104, .kind = Kind::soc, .value = soc},
    RegisterRow{.address = 32201, .scale = .01, .value = ac_amps},
    RegisterRow{.address = 32202, .words = 2, .value = ac_out},
    RegisterRow{.address = 32204, .scale = .01, .value = [](B b, int) { return b.seen().frequency.value; }},
    RegisterRow{.address = 32301, .scale = .01, .value = [](B b, int) { return b.seen().backup.value / 230; }},
    RegisterRow{.address = 32302, .words = 2, .value = [](B b, int) { return b.seen().backup.value; }},
    RegisterRow{.address = 35010, .kind = degrees, .value = cell_celsius, .argument = 2},
    RegisterRow{.address = 35011, .kind = degrees, .value = cell_celsius, .argument = 0},
    RegisterRow{.address = 37004, .value = ac_out}, // one word: 37005 follows
    RegisterRow{.address = 37005, .kind = Kind::soc, .value = soc},
    RegisterRow{.address = 37006, .kind = degrees, .value = cell_celsius, .argument = 1},
    RegisterRow{.address = 37007, .scale = .001, .kind = volts, .value = cell, .argument = 1},
    RegisterRow{.address = 37008, .scale = .001, .kind = volts, .value = cell, .argument = -1},
    RegisterRow{.address = 41010, .value = [](B b, int) { return double(b.firmware().settings().restricted); }},
    RegisterRow{.address = 44000,
                .value = [](B b, int) { return double(b.firmware().settings().charge_cutoff); },
                .least = 800,
                .most = 1000,
                .write = [](Battery& b, int,
                            std::uint16_t value) { return b.firmware().settings().charge_cutoff = value, true; }},
    RegisterRow{.address = 44001,
                .value = [](B b, int) { return double(b.firmware().settings().discharge_cutoff); },
                .least = 120,
                .most = 300,
                .write = [](Battery& b, int,
                            std::uint16_t value) { return b.firmware().settings().discharge_cutoff = value, true; }},
    RegisterRow{.address = 44100, .value = [](B, int) { return 2.0; }},
};

} // namespace

std::span<const RegisterRow> v12_rows() { return rows; }

} // namespace vbat::sim
