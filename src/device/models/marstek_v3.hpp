#pragma once

#include "core/battery_fields.hpp"
#include "device/models/marstek.hpp"
#include "device/models/marstek_packs.hpp"

// Marstek Venus E 3.0, A, D, and C generation 3 (docs/protocols/marstek-modbus.md, Registers V3). Its power registers:
// 30001 + charges, 30006 + feeds the grid.
namespace vbat::marstek::v3 {

using S = BatterySample;
using enum Encoding;
using namespace std::chrono_literals;

constexpr double most_pv_power = 2000; // of one input

inline void add_pv_power(S& sample, double watts) {
    sample.pv_power = sample.pv_power.value_or(Watts{}) + Watts{watts};
}

// clang-format off
inline constexpr std::array grid{
    reads<&S::power>(30001, s16, 1, -4000, 4000),
    reads<&S::ac_voltage>(30004, u16, 0.1, 0, 300),
    reads<&S::offgrid_voltage>(30005, u16, 0.1, 0, 300),
    reads<&S::ac_power>(30006, s16, -1, -4000, 4000),
    reads<&S::offgrid_power>(30007, s16, 1, -6000, 6000),
};

inline constexpr std::array pv_inputs{
    Register{30037, s16, 0.1, -50, most_pv_power, add_pv_power},
    Register{30038, s16, 0.1, -50, most_pv_power, add_pv_power},
    Register{30039, s16, 0.1, -50, most_pv_power, add_pv_power},
    Register{30040, s16, 0.1, -50, most_pv_power, add_pv_power},
};

// Pack 1: the whole battery of E and C only.
inline constexpr std::array single_pack{
    reads<&S::voltage>(30100, u16, 0.01, 30, 65),
    reads<&S::current>(30101, s16, 0.1, -150, 150),
};

template <int Cells>
inline constexpr std::array rating{
    reads<&S::soc>(32104, u16, 1, 0, 100),
    Register{32105, u16, 1, 2000, 40000, store_rated_energy<Cells>},
};

inline constexpr std::array totals{
    reads<&S::ac_frequency>(32204, u16, 0.1, 0, 70),
    reads<&S::charged_energy>(33000, u32, 0.01, 0, 1e6),
    reads<&S::discharged_energy>(33002, u32, 0.01, 0, 1e6),
};

inline constexpr std::array e3_pack{
    reads_one_of<&S::pack_voltages, 0>(34000, u16, 0.01, 0, 65),
    reads_one_of<&S::pack_currents, 0>(34001, s16, 0.1, -150, 150),
    reads_one_of<&S::pack_socs, 0>(34002, u16, 0.1, 0, 100),
    reads_one_of<&S::pack_cycles, 0>(34003, u16, 1, 0, 30000),
    reads<&S::max_cell_voltage>(34005, u16, 0.001, 1.5, 4.5),
    reads<&S::min_cell_voltage>(34006, u16, 0.001, 1.5, 4.5),
    reads_one_of<&S::temperatures, 0>(34013, s16, 0.1, -40, 100),
    reads_one_of<&S::temperatures, 1>(34014, s16, 0.1, -40, 100),
    reads_one_of<&S::temperatures, 2>(34015, s16, 0.1, -40, 100),
    reads_one_of<&S::temperatures, 3>(34016, s16, 0.1, -40, 100),
};
inline constexpr std::array c_pack{reads_one_of<&S::pack_cycles, 0>(34003, u16, 1, 0, 30000)};

inline constexpr std::array inverter{
    reads<&S::temperature>(35000, s16, 0.1, -40, 120),
    Register{35001, s16, 0.1, -40, 150, store_mos_temperature},
    Register{35002, s16, 0.1, -40, 150, store_mos_temperature},
    reads<&S::max_cell_temperature>(35010, s16, 0.1, -40, 100),
    reads<&S::min_cell_temperature>(35011, s16, 0.1, -40, 100),
    state_row,
    reads<&S::max_charge_voltage>(35110, u16, 0.1, 30, 65),
    reads<&S::max_charge_current>(35111, u16, 0.1, 0, 200),
    reads<&S::max_discharge_current>(35112, u16, 0.1, 0, 200),
};

inline constexpr std::array soc_of_pack_1{reads<&S::soc>(37005, u16, 1, 0, 100)}; // after 32104: preferred
inline constexpr std::array c_cells{
    reads<&S::max_cell_voltage>(37007, u16, 0.001, 1.5, 4.5),
    reads<&S::min_cell_voltage>(37008, u16, 0.001, 1.5, 4.5),
};
inline constexpr std::array control{control_row};

inline constexpr auto e3_registers = joined(grid, single_pack, rating<16>, totals, e3_pack, cell_rows<16>(34018), inverter,
                                            soc_of_pack_1, control);
inline constexpr auto c_registers = joined(grid, single_pack, rating<16>, totals, c_pack, cell_rows<16>(34018), inverter,
                                           soc_of_pack_1, c_cells, control);
template <int Cells>
inline constexpr auto pv_registers = joined(
    grid, pv_inputs, std::array{reads<&S::voltage>(32100, u16, 0.01, 30, 65)}, rating<Cells>,
    std::array{reads<&S::pack_count>(32109, u16, 1, 1, max_packs)}, totals,
    pack_rows(std::make_index_sequence<max_packs>{}), inverter, control);
static_assert(is_sorted_without_overlap(e3_registers) && is_sorted_without_overlap(c_registers));
static_assert(is_sorted_without_overlap(pv_registers<13>) && is_sorted_without_overlap(pv_registers<16>));

// docs/protocols/marstek-modbus.md, Poll plan. What some firmware refuses stands in a block of its own.
inline constexpr std::array power_poll{Poll{{30001, 7}, 2s}};
inline constexpr std::array common_polls{
    Poll{{42000, 1}, 10s},
    Poll{{35100, 1}, 10s},
    Poll{{36100, 4}, 15s},
    Poll{{32204, 1}, 30s},
    Poll{{35110, 3}, 30s},
    Poll{{33000, 12}, 60s}, // a block that goes past 33011 is refused
    Poll{{35000, 3}, 60s},
    Poll{{35010, 2}, 60s},
    Poll{{36000, 2}, 60s},
    Poll{{30200, 1}, 10min},
    Poll{{30304, 6}, 10min},
};
inline constexpr auto e3_polls = joined(power_poll, std::array{
    Poll{{30100, 2}, 10s},
    Poll{{34000, 17}, 10s},
    Poll{{37005, 1}, 10s},
    Poll{{32104, 2}, 60s},
    Poll{{34018, 16}, 60s},
}, common_polls);
inline constexpr auto c_polls = joined(power_poll, std::array{
    Poll{{30100, 2}, 10s},
    Poll{{37005, 1}, 10s},
    Poll{{37007, 2}, 10s},
    Poll{{32104, 2}, 60s},
    Poll{{34003, 1}, 60s},
    Poll{{34018, 16}, 60s},
}, common_polls);
inline constexpr auto pv_polls = joined(power_poll, std::array{
    Poll{{30037, 4}, 5s},
    Poll{{32104, 2}, 10s},
    Poll{{32109, 3}, 10s},
    Poll{{32100, 1}, 60s},
}, common_polls);

// docs/protocols/marstek-modbus.md, Alarms
inline constexpr std::array alarm_bits{
    AlarmBit{36100, 4, "battery disconnected"},
    AlarmBit{36100, 5, "BMS fault"},
    AlarmBit{36101, 7, "backup output cannot work"},
    AlarmBit{36102, 0, "self-test failed"},
    AlarmBit{36103, 0, "hardware latch 0"},
    AlarmBit{36103, 1, "hardware latch 1"},
    AlarmBit{36103, 3, "hardware latch 3"},
    AlarmBit{36103, 4, "hardware protection"},
    AlarmBit{36103, 7, "supervisor retries"},
    AlarmBit{36103, 8, "overload"},
};
inline constexpr UsualWord usual_words[] = {{36103, 0x0940}, {36103, 0x092C}};
// clang-format on

inline bool battery_is_off(const RegisterImage& image) { return (image.word(36100).value_or(0) >> 4 & 1) != 0; }

// 147, or with one decimal: 1476 is 147.6.
inline std::string firmware(std::uint16_t version) {
    if (version < 1000) return std::to_string(version);
    return std::to_string(version / 10) + '.' + std::to_string(version % 10);
}

inline void refine_any(S& sample, const RegisterImage& image) {
    sample.alarm_words = alarm_words(image);
    if (sample.alarm_words) sample.possible_alarms = possible_alarms(image, alarm_bits, usual_words);
    if (const auto version = image.word(30200); version && *version != 0) sample.device_firmware = firmware(*version);
}

inline void refine_single(S& sample, const RegisterImage& image) {
    refine_any(sample, image);
    if (sample.pack_socs[0]) sample.soc = sample.pack_socs[0]; // in 0.1 %
    sample.charge_cycles = sample.pack_cycles[0];
}

// A sum of which one part is missing is none.
inline bool knows_pv_power(const RegisterImage& image) {
    return std::all_of(pv_inputs.begin(), pv_inputs.end(), [&](const Register& row) {
        const auto raw = image.number(row.address, row.encoding);
        return raw && *raw * row.scale >= row.min && *raw * row.scale <= row.max;
    });
}

constexpr Volts least_grid{50};

// What 30001 means with sun is disputed: then the inputs less what goes out count, be it to the grid or, without one,
// to the backup output. Without sun it is the better measurement (docs/protocols/marstek-modbus.md, Disputes).
inline void derive_power(S& sample, const RegisterImage& image) {
    if (!knows_pv_power(image)) sample.pv_power.reset();
    if (!sample.pv_power || *sample.pv_power <= 0_W) return;
    sample.power.reset();
    const bool has_grid = sample.ac_voltage.value_or(Volts{}) > least_grid;
    if (!has_grid && sample.offgrid_power) sample.power = *sample.pv_power - *sample.offgrid_power;
    else if (sample.ac_power) sample.power = *sample.pv_power + *sample.ac_power;
}

template <int Cells>
void refine_pv(S& sample, const RegisterImage& image) {
    refine_any(sample, image);
    derive_power(sample, image);
    survey_packs<Cells>(sample, image);
    if (sample.power && sample.voltage) sample.current = plausible_current(*sample.power, *sample.voltage);
}

// What is the same for all of them.
constexpr ModbusModel family_model(ModbusModel model) {
    model.family = "v3";
    model.nominal_voltage = nominal_voltage(model.cells);
    model.pace = careful_pace;
    model.serial = {30304, 6};
    model.battery_is_off = battery_is_off;
    model.unit_id_change = &unit_id_change;
    return model;
}

inline constexpr std::string_view e3_names[] = {"VNSE3"};
inline constexpr ModbusModel e3 = family_model({
    .id = "marstek-venus-e3",
    .name = "Marstek Venus E 3.0",
    .variant = "e3",
    .names = e3_names,
    .cells = 16,
    .usual_capacity = 5120_Wh,
    .max_charge = 2500_W,
    .max_discharge = 2500_W,
    .polls = e3_polls,
    .registers = e3_registers,
    .refine = refine_single,
});

inline constexpr std::string_view a_names[] = {"VNSA"};
inline constexpr ModbusModel a = family_model({
    .id = "marstek-venus-a",
    .name = "Marstek Venus A",
    .variant = "a",
    .names = a_names,
    .cells = 13,
    .usual_capacity = 2080_Wh,
    .max_charge = 1200_W,
    .max_discharge = 1200_W,
    .polls = pv_polls,
    .further_polls = pack_polls<13>,
    .registers = pv_registers<13>,
    .refine = refine_pv<13>,
});

inline constexpr std::string_view d_names[] = {"VNSD"};
inline constexpr ModbusModel d = family_model({
    .id = "marstek-venus-d",
    .name = "Marstek Venus D",
    .variant = "d",
    .names = d_names,
    .cells = 16,
    .usual_capacity = 2560_Wh,
    .max_charge = 2500_W,
    .max_discharge = 2500_W,
    .polls = pv_polls,
    .further_polls = pack_polls<16>,
    .registers = pv_registers<16>,
    .refine = refine_pv<16>,
});

// What it calls itself is not known: it needs family = v3 and model = c.
inline constexpr ModbusModel c = family_model({
    .id = "marstek-venus-c3",
    .name = "Marstek Venus C 3.0",
    .variant = "c",
    .cells = 16,
    .usual_capacity = 2560_Wh,
    .max_charge = 2500_W,
    .max_discharge = 2500_W,
    .polls = c_polls,
    .registers = c_registers,
    .refine = refine_single,
});

} // namespace vbat::marstek::v3
