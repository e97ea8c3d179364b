#pragma once

#include "device/models/marstek.hpp"

// Marstek Venus E generation 1 and 2, Venus C generation 2, and the E that is sold as Duravolt
// (docs/protocols/marstek-modbus.md, Registers V12). Its power registers: 32102 + charges, 32202 + feeds the grid.
namespace vbat::marstek::v12 {

using S = BatterySample;
using enum Encoding;
using namespace std::chrono_literals;

constexpr int cells = 16;

// Firmware 147 counts in 0.01 kWh, later ones in 0.001 kWh; no such battery is smaller than 2 kWh.
inline void store_rated_energy_of_any_firmware(S& sample, double raw) {
    store_rated_energy<cells>(sample, raw < 2000 ? raw * 10 : raw);
}

// Without its sign, which nobody documents: that of the power is known.
inline void store_current(S& sample, double value) { sample.current = Amps{value < 0 ? -value : value}; }

inline void store_soc_copy(S& sample, double value) {
    if (!sample.soc) sample.soc = Percent{value};
}

// In 1 or 0.1 degrees, by the BMS: tenths when only they fit the device's own temperature.
inline Celsius cell_temperature(const S& sample, double value) {
    const double tenth = value / 10;
    const bool fits = sample.temperature && std::abs(tenth - sample.temperature->value) <= 15;
    return {std::abs(value) > 60 && fits ? tenth : value};
}
template <auto Member>
void store_cell_temperature(S& sample, double value) {
    const Celsius celsius = cell_temperature(sample, value);
    if (std::abs(celsius.value) <= 100) sample.*Member = celsius;
}

// clang-format off
inline constexpr std::array registers{
    reads<&S::voltage>(32100, u16, 0.01, 30, 65),
    Register{32101, s16, 0.01, -120, 120, store_current},
    reads<&S::power>(32102, s32, 1, -4000, 4000),
    reads<&S::soc>(32104, u16, 1, 0, 1000), // above 100: see SocGuard
    Register{32105, u16, 1, 200, 40000, store_rated_energy_of_any_firmware},
    reads<&S::ac_voltage>(32200, u16, 0.1, 0, 300),
    reads<&S::ac_power>(32202, s32, -1, -4000, 4000),
    reads<&S::ac_frequency>(32204, s16, 0.01, 0, 70),
    reads<&S::offgrid_voltage>(32300, u16, 0.1, 0, 300),
    reads<&S::offgrid_power>(32302, s32, 1, -6000, 6000),
    reads<&S::charged_energy>(33000, u32, 0.01, 0, 1e6),
    reads<&S::discharged_energy>(33002, u32, 0.01, 0, 1e6),
    reads<&S::temperature>(35000, s16, 0.1, -40, 120),
    Register{35001, s16, 0.1, -40, 150, store_mos_temperature},
    Register{35002, s16, 0.1, -40, 150, store_mos_temperature},
    Register{35010, s16, 1, -400, 1000, store_cell_temperature<&S::max_cell_temperature>},
    Register{35011, s16, 1, -400, 1000, store_cell_temperature<&S::min_cell_temperature>},
    state_row,
    reads<&S::max_charge_voltage>(35110, u16, 0.1, 30, 65),
    reads<&S::max_charge_current>(35111, u16, 0.1, 0, 200),
    reads<&S::max_discharge_current>(35112, u16, 0.1, 0, 200),
    Register{37005, u16, 1, 0, 1000, store_soc_copy},
    reads<&S::max_cell_voltage>(37007, u16, 0.001, 1.5, 4.5),
    reads<&S::min_cell_voltage>(37008, u16, 0.001, 1.5, 4.5),
    control_row,
};
static_assert(is_sorted_without_overlap(registers));

// docs/protocols/marstek-modbus.md, Poll plan. Data and gaps alternate: these blocks cannot be made longer.
inline constexpr std::array polls{
    Poll{{32100, 6}, 1s},
    Poll{{32200, 5}, 1s},
    Poll{{42000, 1}, 10s},
    Poll{{32300, 4}, 10s},
    Poll{{35100, 1}, 10s},
    Poll{{37004, 5}, 30s},
    Poll{{33000, 12}, 60s},
    Poll{{35000, 3}, 60s},
    Poll{{35010, 2}, 60s},
    Poll{{35110, 3}, 60s},
    Poll{{36000, 2}, 60s},
    Poll{{36100, 4}, 60s},
    Poll{{31101, 2}, 10min},
    Poll{{30402, 6}, 10min},
};

// The vendor's meaning / what was observed, where they differ (docs/protocols/marstek-modbus.md, Alarms).
inline constexpr std::array alarm_bits{
    AlarmBit{36000, 0, "PLL restart"},
    AlarmBit{36000, 1, "over-temperature limit"},
    AlarmBit{36000, 2, "low-temperature limit"},
    AlarmBit{36000, 3, "fan"},
    AlarmBit{36000, 4, "low SoC"},
    AlarmBit{36000, 5, "output over-current"},
    AlarmBit{36000, 6, "line sequence"},
    AlarmBit{36001, 0, "Wi-Fi"},
    AlarmBit{36001, 1, "Bluetooth"},
    AlarmBit{36001, 2, "network"},
    AlarmBit{36001, 3, "CT"},
    AlarmBit{36100, 0, "grid over-voltage / PLL restart"},
    AlarmBit{36100, 1, "grid under-voltage / over-temperature limit"},
    AlarmBit{36100, 2, "grid over-frequency / low-temperature limit"},
    AlarmBit{36100, 3, "grid under-frequency / fan"},
    AlarmBit{36100, 4, "grid peak voltage / low SoC"},
    AlarmBit{36100, 5, "DC in grid current / output over-current"},
    AlarmBit{36100, 6, "DC in grid voltage / line sequence"},
    AlarmBit{36101, 0, "battery over-voltage / bus over-voltage"},
    AlarmBit{36101, 1, "battery under-voltage / output over-current"},
    AlarmBit{36101, 2, "battery over-current / trans over-current"},
    AlarmBit{36101, 3, "battery low SoC / battery over-current"},
    AlarmBit{36101, 4, "battery communication / hardware protection"},
    AlarmBit{36101, 5, "BMS protection / output over-current"},
    AlarmBit{36101, 6, "bus too high"},
    AlarmBit{36101, 7, "bus too low, seen at grid loss"},
    AlarmBit{36102, 0, "self-test"},
    AlarmBit{36102, 1, "EEPROM"},
    AlarmBit{36102, 2, "other fault"},
    AlarmBit{36103, 0, "bus over-voltage / battery over-voltage"},
    AlarmBit{36103, 1, "output over-current / battery under-voltage"},
    AlarmBit{36103, 2, "trans over-current / battery over-current"},
    AlarmBit{36103, 3, "battery over-current / battery low SoC"},
    AlarmBit{36103, 4, "hardware protection / battery communication"},
    AlarmBit{36103, 5, "output over-current / BMS protection"},
    AlarmBit{36103, 6, "bus too high"},
    AlarmBit{36103, 7, "bus too low"},
    AlarmBit{36103, 8, "over-power"},
    AlarmBit{36103, 9, "state machine"},
    AlarmBit{36103, 10, "over-temperature"},
    AlarmBit{36103, 11, "soft start took too long"},
};
// clang-format on

inline void refine(S& sample, const RegisterImage& image) {
    if (!sample.power) sample.current.reset();
    else if (sample.current && *sample.power < 0_W) sample.current = Amps{} - *sample.current; // no negative zero
    sample.alarm_words = alarm_words(image);
    if (sample.alarm_words) sample.possible_alarms = possible_alarms(image, alarm_bits);
    if (const auto ems = image.word(31101); ems && *ems != 0)
        sample.device_firmware = std::to_string(*ems) + ", BMS " + std::to_string(image.word(31102).value_or(0));
}

// The two differ in size, not in their registers, and not in what they call themselves.
inline constexpr std::string_view names[] = {"BI_2.5_2.5", "AC01", "HMG"};

constexpr ModbusModel model(std::string_view id, std::string_view name, std::string_view variant, WattHours capacity) {
    return {
        .id = id,
        .name = name,
        .family = "v12",
        .variant = variant,
        .names = names,
        .nominal_voltage = nominal_voltage(cells),
        .cells = cells,
        .usual_capacity = capacity,
        .max_charge = 2500_W,
        .max_discharge = 2500_W,
        .pace = {.gap = 50ms, .patience = 3s},
        .serial = {30402, 6},
        .polls = polls,
        .live_polls = 2, // the battery's own power, and that at its AC side
        .registers = registers,
        .refine = refine,
        .unit_id_change = &unit_id_change,
    };
}

inline constexpr ModbusModel e = model("marstek-venus-e", "Marstek Venus E", "e", 5120_Wh);
inline constexpr ModbusModel c = model("marstek-venus-c", "Marstek Venus C", "c", 2560_Wh);

} // namespace vbat::marstek::v12
