#pragma once

#include "device/models/marstek.hpp"

// The packs of a Venus A or D, of which one at a time carries the current (docs/protocols/marstek-modbus.md, Packs).
namespace vbat::marstek {

constexpr std::uint16_t pack_base(std::size_t pack) { return static_cast<std::uint16_t>(34000 + 100 * pack); }

template <std::size_t Pack>
constexpr auto rows_of_pack() {
    constexpr std::uint16_t base = pack_base(Pack);
    return std::array{
        reads_one_of<&BatterySample::pack_voltages, Pack>(base, Encoding::u16, 0.01, 0, 65),
        reads_one_of<&BatterySample::pack_currents, Pack>(base + 1, Encoding::s16, 0.1, -150, 150),
        reads_one_of<&BatterySample::pack_socs, Pack>(base + 2, Encoding::u16, 0.1, 0, 100),
        reads_one_of<&BatterySample::pack_cycles, Pack>(base + 3, Encoding::u16, 1, 0, 30000),
    };
}

template <std::size_t... Pack>
constexpr auto pack_rows(std::index_sequence<Pack...>) {
    return joined(rows_of_pack<Pack>()...);
}

template <std::size_t Cells>
constexpr auto cell_rows(std::uint16_t first) {
    return [&]<std::size_t... Cell>(std::index_sequence<Cell...>) {
        return std::array{reads_one_of<&BatterySample::cell_voltages, Cell>(static_cast<std::uint16_t>(first + Cell),
                                                                            Encoding::u16, 0.001, 1.5, 4.5)...};
    }
    (std::make_index_sequence<Cells>{});
}

constexpr Block pack_block(std::size_t pack) { return {pack_base(pack), 17}; }

template <int Cells>
constexpr Block cell_block(std::size_t pack) {
    return {static_cast<std::uint16_t>(pack_base(pack) + 18), Cells};
}

inline std::size_t pack_count(const RegisterImage& image) {
    const std::size_t told = image.word(32109).value_or(0);
    return told <= max_packs ? told : 0;
}

// Counted from 0.
inline std::optional<std::size_t> active_pack(const RegisterImage& image) {
    const std::size_t told = image.word(32111).value_or(0);
    if (told == 0 || told > pack_count(image)) return std::nullopt;
    return told - 1;
}

// Only packs that are there: asking for others may cost the connection.
template <int Cells>
std::vector<Poll> pack_polls(const RegisterImage& image) {
    using namespace std::chrono_literals;
    std::vector<Poll> polls;
    for (std::size_t pack = 0; pack < pack_count(image); ++pack) {
        const bool active = pack == active_pack(image);
        polls.push_back({pack_block(pack), active ? 10s : 60s});
        polls.push_back({cell_block<Cells>(pack), 5min});
    }
    return polls;
}

// An absent pack reads zeros.
inline void forget_absent_packs(BatterySample& sample) {
    for (std::size_t pack = 0; pack < max_packs; ++pack) {
        if (sample.pack_voltages[pack] && *sample.pack_voltages[pack] > Volts{0}) continue;
        sample.pack_voltages[pack].reset();
        sample.pack_currents[pack].reset();
        sample.pack_socs[pack].reset();
        sample.pack_cycles[pack].reset();
    }
}

inline std::string id_of(std::size_t pack, char kind, int number) {
    return 'P' + std::to_string(pack + 1) + kind + std::to_string(number);
}

template <class T>
void widen(T value, const std::string& id, Maybe<T>& low, Maybe<std::string>& low_id, Maybe<T>& high,
           Maybe<std::string>& high_id) {
    if (!low || value < *low) low = value, low_id = id;
    if (!high || value > *high) high = value, high_id = id;
}

template <int Cells>
void survey_cells(BatterySample& sample, const RegisterImage& image, std::size_t pack) {
    for (int cell = 0; cell < Cells; ++cell) {
        const auto address = static_cast<std::uint16_t>(cell_block<Cells>(pack).address + cell);
        const Volts volts{image.word(address).value_or(0) * 0.001};
        if (volts >= Volts{1.5} && volts <= Volts{4.5})
            widen(volts, id_of(pack, 'C', cell + 1), sample.min_cell_voltage, sample.min_voltage_cell_id,
                  sample.max_cell_voltage, sample.max_voltage_cell_id);
    }
}

// A sensor that is not there reads 0.
inline void survey_sensors(BatterySample& sample, const RegisterImage& image, std::size_t pack) {
    for (int sensor = 0; sensor < 4; ++sensor) {
        const auto raw = image.number(static_cast<std::uint16_t>(pack_base(pack) + 13 + sensor), Encoding::s16);
        if (raw && *raw != 0 && *raw >= -400 && *raw <= 1000)
            widen(Celsius{*raw * 0.1}, id_of(pack, 'T', sensor + 1), sample.min_cell_temperature,
                  sample.min_temperature_cell_id, sample.max_cell_temperature, sample.max_temperature_cell_id);
    }
}

// 35010 and 35011 have no sensor's name, and tell of pack 1 only: they count while no sensor was read.
inline void survey_all_sensors(BatterySample& sample, const RegisterImage& image) {
    const auto told_low = std::exchange(sample.min_cell_temperature, std::nullopt);
    const auto told_high = std::exchange(sample.max_cell_temperature, std::nullopt);
    for (std::size_t pack = 0; pack < max_packs; ++pack)
        if (sample.pack_voltages[pack]) survey_sensors(sample, image, pack);
    if (sample.max_cell_temperature) return;
    sample.min_cell_temperature = told_low;
    sample.max_cell_temperature = told_high;
}

template <int Cells>
void survey_packs(BatterySample& sample, const RegisterImage& image) {
    forget_absent_packs(sample);
    for (std::size_t pack = 0; pack < max_packs; ++pack) {
        if (sample.pack_voltages[pack]) survey_cells<Cells>(sample, image, pack);
        sample.charge_cycles = std::max(sample.charge_cycles, sample.pack_cycles[pack]);
    }
    survey_all_sensors(sample, image);
    const auto active = active_pack(image);
    if (active && sample.pack_voltages[*active]) sample.voltage = sample.pack_voltages[*active];
}

} // namespace vbat::marstek
