#pragma once

#include "device/modbus_model.hpp"

#include <cmath>

// What the Marstek families have in common (docs/protocols/marstek-modbus.md).
namespace vbat::marstek {

struct AddressRange {
    int first{};
    int last{};
};

// docs/protocols/marstek-modbus.md, Never read or write.
inline constexpr AddressRange forbidden[] = {
    {38000, 39014}, // a Venus A floods its CAN bus until it is rebooted
    {40000, 40000}, // battery test with up to 2.5 kW
    {41001, 41001}, // factory reset
    {41500, 41631}, // Wi-Fi name and password
    {44100, 44100}, // grid code
    {45000, 45031}, // factory
    {46000, 46000}, // RS485 becomes a shell
};

constexpr bool reads_forbidden(Block block) {
    for (const AddressRange& range : forbidden)
        if (block.address <= range.last && block.address + block.count - 1 >= range.first) return true;
    return false;
}

constexpr Volts nominal_voltage(int cells) { return {3.2 * cells}; }

// In Wh, by the device's own rating.
template <int Cells>
void store_rated_energy(BatterySample& sample, double watt_hours) {
    sample.installed_capacity = WattHours{watt_hours} / nominal_voltage(Cells);
}

// Two registers, one value: the higher counts.
inline void store_mos_temperature(BatterySample& sample, double value) {
    if (!sample.mos_temperature || *sample.mos_temperature < Celsius{value}) sample.mos_temperature = Celsius{value};
}

struct DeviceState {
    const char* name;
    int state; // docs/protocols/marstek-modbus.md, State
};

inline constexpr DeviceState device_states[] = {
    {"sleep", 14}, {"standby", 14}, {"charge", 9}, {"discharge", 9}, {"backup", 9}, {"update", 13}, {"bypass", 9},
};

inline void store_state(BatterySample& sample, double value) {
    const DeviceState& state = device_states[static_cast<std::size_t>(value)];
    sample.device_state = state.name;
    sample.state = state.state;
}

inline void store_control(BatterySample& sample, double value) { sample.controlled = value == 0x55AA ? 1 : 0; }

constexpr Register state_row{35100, Encoding::u16, 1, 0, std::size(device_states) - 1, store_state};
constexpr Register control_row{42000, Encoding::u16, 1, 0, 0xFFFF, store_control};

// docs/protocols/marstek-modbus.md, Unit id
inline constexpr UnitIdChange unit_id_change{.unit_id = 41100, .control = 42000, .control_on = 0x55AA, .force = 42010};

struct AlarmBit {
    std::uint16_t address{};
    int bit{};
    std::string_view meaning{};
};

// A word that healthy devices show.
struct UsualWord {
    std::uint16_t address{};
    std::uint16_t word{};
};

inline constexpr std::uint16_t alarm_addresses[] = {36000, 36001, 36100, 36101, 36102, 36103};
inline constexpr std::size_t longest_text = 255; // battery_fields.hpp

// "36100=0x0010 36103=0x092C"; absent until one of them was read.
inline Maybe<std::string> alarm_words(const RegisterImage& image) {
    constexpr std::string_view digits = "0123456789ABCDEF";
    Maybe<std::string> all;
    for (const std::uint16_t address : alarm_addresses) {
        const auto word = image.word(address);
        if (word && !all) all.emplace();
        if (!word || *word == 0) continue;
        *all += (all->empty() ? "" : " ") + std::to_string(address) + "=0x";
        for (const int shift : {12, 8, 4, 0}) *all += digits[*word >> shift & 0xF];
    }
    return all;
}

// "possible: fan, low SoC": vendor and observers disagree about these bits, so this is a hint.
inline std::string possible_alarms(const RegisterImage& image, std::span<const AlarmBit> bits,
                                   std::span<const UsualWord> usual = {}) {
    std::string all;
    for (const AlarmBit& alarm : bits) {
        const std::uint16_t word = image.word(alarm.address).value_or(0);
        const bool is_usual = std::any_of(usual.begin(), usual.end(), [&](const UsualWord& healthy) {
            return healthy.address == alarm.address && healthy.word == word;
        });
        if (is_usual || !(word >> alarm.bit & 1)) continue;
        if (all.size() + alarm.meaning.size() + 16 > longest_text) return all + ", ...";
        all.append(all.empty() ? "possible: " : ", ").append(alarm.meaning);
    }
    return all;
}

} // namespace vbat::marstek
