// What both families have, schedule slots included.
#include "tools/simulator/registers.hpp"

#include <array>

namespace vbat::sim {
namespace {

using B = const Battery&;

constexpr std::uint16_t control_on = 0x55AA;
constexpr std::uint16_t control_off = 0x55BB;

double soc_limit(B battery) { // no more to put in or to take out
    return battery.model().solar ? 50 : 100;
}

bool write_control(Battery& battery, int, std::uint16_t value) {
    if (value == control_on) battery.firmware().take_control();
    if (value == control_off) battery.firmware().lose_control();
    return value == control_on || value == control_off;
}

bool write_to_soc(Battery& battery, int, std::uint16_t value) {
    if (battery.model().family == Family::v3 && value < 13) return false;
    battery.firmware().orders().to_soc = value;
    battery.firmware().orders().force = 3;
    return true;
}

template <auto Member>
bool write_order(Battery& battery, int, std::uint16_t value) {
    battery.firmware().orders().*Member = value;
    return true;
}

template <auto Member>
bool write_setting(Battery& battery, int, std::uint16_t value) {
    battery.firmware().settings().*Member = value;
    return true;
}

bool write_unit(Battery& battery, int, std::uint16_t value) {
    if (battery.model().family == Family::v3 && value > 127) return false;
    battery.firmware().settings().unit = value;
    return true;
}

bool restart(Battery& battery, int, std::uint16_t) {
    battery.restart();
    return true;
}

bool clock_is_valid(std::uint16_t value) { return value % 100 < 60; }

template <auto Member>
bool write_slot(Battery& battery, int slot, std::uint16_t value) {
    ScheduleSlot& row = battery.firmware().settings().slots[static_cast<std::size_t>(slot)];
    constexpr bool is_time = Member == &ScheduleSlot::start || Member == &ScheduleSlot::end;
    if (is_time && !clock_is_valid(value)) return false;
    row.*Member = value;
    if (battery.model().family == Family::v3) row.enabled = 0; // enabled last, or not at all
    return true;
}

bool write_slot_power(Battery& battery, int slot, std::uint16_t value) {
    const auto power = static_cast<std::int16_t>(value);
    if (power < -2500 || power > 2500) return false;
    battery.firmware().settings().slots[static_cast<std::size_t>(slot)].power = power;
    return true;
}

bool write_slot_enabled(Battery& battery, int slot, std::uint16_t value) {
    battery.firmware().settings().slots[static_cast<std::size_t>(slot)].enabled = value;
    return true;
}

template <auto Member>
double slot_value(B battery, int slot) {
    return battery.firmware().settings().slots[static_cast<std::size_t>(slot)].*Member;
}

template <auto Counters, int Span>
double energy(B battery, int) {
    return (battery.counted().energy.*Counters)[Span].value;
}

template <Fault Word>
double bits(B battery, int) {
    return battery.faults().value(Word);
}
double hardware_bits(B battery, int) { // not 0 on a healthy E3
    const int healthy = battery.model().name == "VNSE3-0" ? 0x092C : 0;
    return healthy | static_cast<int>(battery.faults().value(Fault::fault_36103));
}

constexpr auto charged = &EnergyCounters::charged;
constexpr auto discharged = &EnergyCounters::discharged;

constexpr std::array rows{
    RegisterRow{.address = 30300, .value = [](B, int) { return 1.0; }},  // Wi-Fi
    RegisterRow{.address = 30301, .value = [](B, int) { return 1.0; }},  // Bluetooth
    RegisterRow{.address = 30302, .value = [](B, int) { return 1.0; }},  // cloud
    RegisterRow{.address = 30303, .value = [](B, int) { return 52.0; }}, // -dBm
    RegisterRow{
        .address = 32105, .scale = .001, .value = [](B b, int) { return b.plant().packs().capacity().value / 1000; }},
    RegisterRow{.address = 32200,
                .scale = .1,
                .kind = Kind::voltage,
                .value = [](B b, int) { return b.seen().grid_voltage.value; }},
    RegisterRow{.address = 32300,
                .scale = .1,
                .kind = Kind::voltage,
                .value = [](B b, int) { return b.seen().backup_voltage.value; }},
    RegisterRow{.address = 33000, .words = 2, .scale = .01, .kind = Kind::total, .value = energy<charged, 0>},
    RegisterRow{.address = 33002, .words = 2, .scale = .01, .kind = Kind::total, .value = energy<discharged, 0>},
    RegisterRow{.address = 33004, .words = 2, .scale = .01, .kind = Kind::total, .value = energy<charged, 1>},
    RegisterRow{.address = 33006, .words = 2, .scale = .01, .kind = Kind::total, .value = energy<discharged, 1>},
    RegisterRow{.address = 33008, .words = 2, .scale = .01, .kind = Kind::total, .value = energy<charged, 2>},
    RegisterRow{.address = 33010, .words = 2, .scale = .01, .kind = Kind::total, .value = energy<discharged, 2>},
    RegisterRow{
        .address = 35000, .scale = .1, .kind = Kind::temperature, .value = [](B b, int) { return b.seen().celsius; }},
    RegisterRow{.address = 35001,
                .scale = .1,
                .kind = Kind::temperature,
                .value = [](B b, int) { return b.seen().celsius + 1.3; }},
    RegisterRow{.address = 35002,
                .scale = .1,
                .kind = Kind::temperature,
                .value = [](B b, int) { return b.seen().celsius + 1.1; }},
    RegisterRow{.address = 35100, .value = [](B b, int) { return double(b.seen().state); }},
    RegisterRow{
        .address = 35110, .scale = .1, .kind = Kind::voltage, .value = [](B b, int) { return 3.6 * b.model().cells; }},
    RegisterRow{.address = 35111,
                .scale = .1,
                .kind = Kind::charge_limit,
                .value = [](B b, int) { return b.seen().full ? 0 : soc_limit(b); }},
    RegisterRow{.address = 35112, .scale = .1, .value = [](B b, int) { return b.seen().empty ? 0 : soc_limit(b); }},
    RegisterRow{.address = 36000, .value = bits<Fault::alarm_36000>},
    RegisterRow{.address = 36001, .value = bits<Fault::alarm_36001>},
    RegisterRow{.address = 36100, .value = bits<Fault::fault_36100>},
    RegisterRow{.address = 36101, .value = bits<Fault::fault_36101>},
    RegisterRow{.address = 36102, .value = bits<Fault::fault_36102>},
    RegisterRow{.address = 36103, .value = hardware_bits},
    RegisterRow{.address = 41000,
                .value = [](B, int) { return 0.0; },
                .least = control_on,
                .most = control_on,
                .write = restart},
    RegisterRow{.address = 41100,
                .value = [](B b, int) { return double(b.firmware().settings().unit); },
                .least = 1,
                .most = 255,
                .write = write_unit},
    RegisterRow{.address = 41200,
                .value = [](B b, int) { return double(b.firmware().settings().backup_off); },
                .most = 1,
                .write = write_setting<&Settings::backup_off>},
    RegisterRow{.address = 42000,
                .value = [](B b, int) { return double(b.firmware().controlled() ? control_on : control_off); },
                .least = control_on,
                .most = control_off,
                .write = write_control},
    RegisterRow{.address = 42010,
                .value = [](B b, int) { return double(b.firmware().orders().force); },
                .most = 2,
                .write = write_order<&Orders::force>},
    RegisterRow{.address = 42011,
                .value = [](B b, int) { return double(b.firmware().orders().to_soc); },
                .least = 11,
                .most = 100,
                .write = write_to_soc},
    RegisterRow{.address = 42020,
                .value = [](B b, int) { return double(b.firmware().orders().charge); },
                .most = 2500,
                .write = write_order<&Orders::charge>},
    RegisterRow{.address = 42021,
                .value = [](B b, int) { return double(b.firmware().orders().discharge); },
                .most = 2500,
                .write = write_order<&Orders::discharge>},
    RegisterRow{
        .address = 43000,
        .value = [](B b, int) { return double(b.firmware().work_mode_read()); },
        .most = 2,
        .write = [](Battery& b, int, std::uint16_t value) { return b.firmware().write_work_mode(value), true; }},
    RegisterRow{
        .address = 44002,
        .value = [](B b, int) { return double(b.firmware().settings().max_charge); },
        .most = 2500,
        .write = [](Battery& b, int, std::uint16_t value) { return b.firmware().write_max_charge(value), true; }},
    RegisterRow{
        .address = 44003,
        .value = [](B b, int) { return double(b.firmware().settings().max_discharge); },
        .most = 2500,
        .write = [](Battery& b, int, std::uint16_t value) { return b.firmware().write_max_discharge(value), true; }},
};

} // namespace

std::span<const RegisterRow> shared_rows() { return rows; }

std::string mac_of(const Battery& battery) {
    const std::string number = std::to_string(battery.number());
    return std::string{"020000000000"}.replace(12 - number.size(), number.size(), number);
}

std::vector<RegisterRow> slot_rows() {
    using S = ScheduleSlot;
    std::vector<RegisterRow> all;
    for (int slot = 0; slot < 6; ++slot) {
        const auto at = [slot](int offset) { return static_cast<std::uint16_t>(43100 + 5 * slot + offset); };
        all.push_back({.address = at(0),
                       .value = slot_value<&S::days>,
                       .argument = slot,
                       .most = 127,
                       .write = write_slot<&S::days>});
        all.push_back({.address = at(1),
                       .value = slot_value<&S::start>,
                       .argument = slot,
                       .most = 2359,
                       .write = write_slot<&S::start>});
        all.push_back({.address = at(2),
                       .value = slot_value<&S::end>,
                       .argument = slot,
                       .most = 2359,
                       .write = write_slot<&S::end>});
        all.push_back({.address = at(3),
                       .value = slot_value<&S::power>,
                       .argument = slot,
                       .most = 65535,
                       .write = write_slot_power});
        all.push_back({.address = at(4),
                       .value = slot_value<&S::enabled>,
                       .argument = slot,
                       .most = 1,
                       .write = write_slot_enabled});
    }
    return all;
}

} // namespace vbat::sim
