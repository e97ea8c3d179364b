#pragma once

#include "core/sample.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

// Every value of a battery that has a name outside: its Victron path, its type, the form of its text, its plausible
// range and when it is shown. The same path names it in JSON ("Dc": {"Power": ...}; docs/protocols/mqtt-json.md) and on
// D-Bus (docs/protocols/venus-dbus.md, Paths). A new value is one member of BatterySample and one row here.
namespace vbat {

using Value = std::variant<std::monostate, double, std::int32_t, std::string>; // monostate: invalid

enum class Kind {
    number, // double on D-Bus
    whole,  // int32: a level, a flag; 0.5 makes no sense
    count,  // int32: a counter; a sender's fraction is rounded
    text,
};

enum class Shown {
    always,
    when_seen, // from its first valid value on
};

// What an AC-coupled battery must not show: it would take part in the control of a DC system it is not connected to
// (docs/protocols/venus-dbus.md, AC-coupled storage).
enum class Beside { any_system, own_dc_system };

// /Voltages/Cell7, made at compile time.
class FieldPath {
public:
    constexpr FieldPath(const char* text)
        : FieldPath{std::string_view{text}} {} // NOLINT(*-explicit-*): rows read better
    constexpr FieldPath(std::string_view prefix, int number) : FieldPath{prefix} { append(number); }
    constexpr FieldPath(std::string_view prefix, int number, std::string_view suffix) : FieldPath{prefix, number} {
        append(suffix);
    }
    constexpr operator std::string_view() const { return {text_.data(), size_}; } // NOLINT(*-explicit-*)

private:
    constexpr explicit FieldPath(std::string_view text) { append(text); }
    constexpr void append(std::string_view more) {
        for (const char letter : more) text_[size_++] = letter; // too long: does not compile
    }
    constexpr void append(int number) {
        if (number >= 10) append(number / 10);
        text_[size_++] = static_cast<char>('0' + number % 10);
    }

    std::array<char, 40> text_{};
    std::size_t size_ = 0;
};

struct Range {
    double min;
    double max;
};

struct Field {
    FieldPath path;
    Kind kind;
    int decimals; // of the text
    const char* unit;
    Range range; // of a text: its length
    Shown shown = Shown::when_seen;
    Beside beside = Beside::any_system;
    bool never_positive = false; // Victron counts what was drawn as <= 0; senders use either sign
    Value (*load)(const BatterySample&) = nullptr;
    void (*store)(BatterySample&, const Value&) = nullptr; // the value has the row's kind, or is invalid
};

namespace fields {

inline constexpr int no_index = -1;

template <auto Member, int Index, class Sample>
constexpr auto& slot(Sample& sample) {
    if constexpr (Index == no_index) return sample.*Member;
    else return (sample.*Member)[static_cast<std::size_t>(Index)];
}

template <auto Member, int Index>
using Stored =
    typename std::remove_reference_t<decltype(slot<Member, Index>(std::declval<BatterySample&>()))>::value_type;

template <auto Member, int Index>
Value load(const BatterySample& sample) {
    const auto& stored = slot<Member, Index>(sample);
    if (!stored) return {};
    if constexpr (std::is_same_v<Stored<Member, Index>, int>) return std::int32_t{*stored};
    else if constexpr (std::is_same_v<Stored<Member, Index>, std::string>) return *stored;
    else return stored->value;
}

// How a member's type travels in a Value.
template <class T>
using Carried = std::conditional_t<std::is_same_v<T, int>, std::int32_t,
                                   std::conditional_t<std::is_same_v<T, std::string>, std::string, double>>;

template <auto Member, int Index>
void store(BatterySample& sample, const Value& value) {
    using T = Stored<Member, Index>;
    auto& stored = slot<Member, Index>(sample);
    if (std::holds_alternative<std::monostate>(value)) stored.reset();
    else stored = T{std::get<Carried<T>>(value)};
}

// The kind follows from the member's type; Kind::count is asked for by name.
template <auto Member, int Index = no_index>
constexpr Field row(Field field) {
    using T = Stored<Member, Index>;
    constexpr bool number = !std::is_same_v<T, int> && !std::is_same_v<T, std::string>;
    if constexpr (number) field.kind = Kind::number;
    if constexpr (std::is_same_v<T, std::string>) field.kind = Kind::text;
    field.load = load<Member, Index>;
    field.store = store<Member, Index>;
    return field;
}

inline constexpr Range any_power{-1e6, 1e6};
inline constexpr Range any_current{-1e5, 1e5};
inline constexpr Range limit_current{0, 1e5};
inline constexpr Range pack_voltage{0, 2000};
inline constexpr Range cell_voltage{0, 10};
inline constexpr Range celsius{-100, 250};
inline constexpr Range percent{0, 100};
inline constexpr Range charge{0, 1e6};
inline constexpr Range drawn{-1e9, 1e9};
inline constexpr Range energy{0, 1e9};
inline constexpr Range flag{0, 1};
inline constexpr Range level{0, 2};
inline constexpr Range counter{0, 2e9};
inline constexpr Range name{0, 255};

constexpr auto always = Shown::always;
constexpr auto seen = Shown::when_seen;
constexpr auto dc_only = Beside::own_dc_system;
constexpr auto beside_any = Beside::any_system;

// clang-format off
inline constexpr std::array single{
    row<&BatterySample::power>({"/Dc/0/Power", {}, 0, "W", any_power, always}),
    row<&BatterySample::voltage>({"/Dc/0/Voltage", {}, 2, "V", pack_voltage, always}),
    row<&BatterySample::current>({"/Dc/0/Current", {}, 1, "A", any_current, always}),
    row<&BatterySample::temperature>({"/Dc/0/Temperature", {}, 1, "", celsius, always, dc_only}),
    row<&BatterySample::mid_voltage>({"/Dc/0/MidVoltage", {}, 2, "V", pack_voltage}),
    row<&BatterySample::mid_voltage_deviation>({"/Dc/0/MidVoltageDeviation", {}, 1, "%", {-100, 100}}),
    row<&BatterySample::current_average>({"/CurrentAvg", {}, 1, "A", any_current}),
    row<&BatterySample::soc>({"/Soc", {}, 0, "%", percent, always}),
    row<&BatterySample::soc_bms>({"/SocBms", {}, 0, "%", percent}),
    row<&BatterySample::soh>({"/Soh", {}, 0, "%", percent}),
    row<&BatterySample::installed_capacity>({"/InstalledCapacity", {}, 0, "Ah", charge, always}),
    row<&BatterySample::capacity>({"/Capacity", {}, 1, "Ah", charge, always}),
    row<&BatterySample::consumed_amphours>({"/ConsumedAmphours", {}, 1, "Ah", drawn, always, beside_any, true}),
    row<&BatterySample::time_to_go>({"/TimeToGo", {}, 0, "", {0, 1e9}, always}),
    row<&BatterySample::balancing>({"/Balancing", Kind::whole, 0, "", flag}),
    row<&BatterySample::heating>({"/Heating", Kind::whole, 0, "", flag}),
    row<&BatterySample::system_switch>({"/SystemSwitch", Kind::whole, 0, "", flag}),
    row<&BatterySample::state>({"/State", Kind::whole, 0, "", {0, 255}}),
    row<&BatterySample::connection_information>({"/ConnectionInformation", {}, 0, "", name}),

    row<&BatterySample::charge_request>({"/Info/ChargeRequest", Kind::whole, 0, "", flag, seen, dc_only}),
    row<&BatterySample::max_charge_voltage>({"/Info/MaxChargeVoltage", {}, 2, "V", pack_voltage, seen, dc_only}),
    row<&BatterySample::max_charge_current>({"/Info/MaxChargeCurrent", {}, 1, "A", limit_current, seen, dc_only}),
    row<&BatterySample::max_discharge_current>({"/Info/MaxDischargeCurrent", {}, 1, "A", limit_current, seen, dc_only}),
    row<&BatterySample::battery_low_voltage>({"/Info/BatteryLowVoltage", {}, 2, "V", pack_voltage, seen, dc_only}),
    row<&BatterySample::max_charge_cell_voltage>({"/Info/MaxChargeCellVoltage", {}, 3, "V", cell_voltage, seen, dc_only}),
    row<&BatterySample::charge_mode>({"/Info/ChargeMode", {}, 0, "", name}),
    row<&BatterySample::charge_limitation>({"/Info/ChargeLimitation", {}, 0, "", name}),
    row<&BatterySample::discharge_limitation>({"/Info/DischargeLimitation", {}, 0, "", name}),
    row<&BatterySample::heating_current>({"/Info/HeatingCurrent", {}, 1, "A", any_current}),
    row<&BatterySample::heating_power>({"/Info/HeatingPower", {}, 0, "W", any_power}),
    row<&BatterySample::heating_temperature_start>({"/Info/HeatingTemperatureStart", {}, 1, "", celsius}),
    row<&BatterySample::heating_temperature_stop>({"/Info/HeatingTemperatureStop", {}, 1, "", celsius}),

    row<&BatterySample::allow_to_charge>({"/Io/AllowToCharge", Kind::whole, 0, "", flag, always}),
    row<&BatterySample::allow_to_discharge>({"/Io/AllowToDischarge", Kind::whole, 0, "", flag, always}),
    row<&BatterySample::allow_to_balance>({"/Io/AllowToBalance", Kind::whole, 0, "", flag}),
    row<&BatterySample::allow_to_heat>({"/Io/AllowToHeat", Kind::whole, 0, "", flag}),
    row<&BatterySample::external_relay>({"/Io/ExternalRelay", Kind::whole, 0, "", flag}),
    row<&BatterySample::force_charging_off>({"/Io/ForceChargingOff", Kind::whole, 0, "", flag}),
    row<&BatterySample::force_discharging_off>({"/Io/ForceDischargingOff", Kind::whole, 0, "", flag}),
    row<&BatterySample::turn_balancing_off>({"/Io/TurnBalancingOff", Kind::whole, 0, "", flag}),

    row<&BatterySample::charged_energy>({"/History/ChargedEnergy", {}, 2, "kWh", energy, always}),
    row<&BatterySample::discharged_energy>({"/History/DischargedEnergy", {}, 2, "kWh", energy, always}),
    row<&BatterySample::charge_cycles>({"/History/ChargeCycles", Kind::count, 0, "", counter}),
    row<&BatterySample::full_discharges>({"/History/FullDischarges", Kind::count, 0, "", counter}),
    row<&BatterySample::automatic_syncs>({"/History/AutomaticSyncs", Kind::count, 0, "", counter}),
    row<&BatterySample::low_voltage_alarms>({"/History/LowVoltageAlarms", Kind::count, 0, "", counter}),
    row<&BatterySample::high_voltage_alarms>({"/History/HighVoltageAlarms", Kind::count, 0, "", counter}),
    row<&BatterySample::time_since_last_full_charge>({"/History/TimeSinceLastFullCharge", Kind::count, 0, "s", counter}),
    row<&BatterySample::deepest_discharge>({"/History/DeepestDischarge", {}, 1, "Ah", drawn, seen, beside_any, true}),
    row<&BatterySample::last_discharge>({"/History/LastDischarge", {}, 1, "Ah", drawn, seen, beside_any, true}),
    row<&BatterySample::average_discharge>({"/History/AverageDischarge", {}, 1, "Ah", drawn, seen, beside_any, true}),
    row<&BatterySample::total_ah_drawn>({"/History/TotalAhDrawn", {}, 1, "Ah", drawn, seen, beside_any, true}),
    row<&BatterySample::minimum_voltage>({"/History/MinimumVoltage", {}, 2, "V", pack_voltage}),
    row<&BatterySample::maximum_voltage>({"/History/MaximumVoltage", {}, 2, "V", pack_voltage}),
    row<&BatterySample::minimum_cell_voltage>({"/History/MinimumCellVoltage", {}, 3, "V", cell_voltage}),
    row<&BatterySample::maximum_cell_voltage>({"/History/MaximumCellVoltage", {}, 3, "V", cell_voltage}),
    row<&BatterySample::minimum_temperature>({"/History/MinimumTemperature", {}, 1, "", celsius}),
    row<&BatterySample::maximum_temperature>({"/History/MaximumTemperature", {}, 1, "", celsius}),
    row<&BatterySample::has_temperature>({"/Settings/HasTemperature", Kind::whole, 0, "", flag}),

    row<&BatterySample::min_cell_voltage>({"/System/MinCellVoltage", {}, 3, "V", cell_voltage, always}),
    row<&BatterySample::min_voltage_cell_id>({"/System/MinVoltageCellId", {}, 0, "", name, always}),
    row<&BatterySample::max_cell_voltage>({"/System/MaxCellVoltage", {}, 3, "V", cell_voltage, always}),
    row<&BatterySample::max_voltage_cell_id>({"/System/MaxVoltageCellId", {}, 0, "", name, always}),
    row<&BatterySample::min_cell_temperature>({"/System/MinCellTemperature", {}, 1, "", celsius, always}),
    row<&BatterySample::min_temperature_cell_id>({"/System/MinTemperatureCellId", {}, 0, "", name, always}),
    row<&BatterySample::max_cell_temperature>({"/System/MaxCellTemperature", {}, 1, "", celsius, always}),
    row<&BatterySample::max_temperature_cell_id>({"/System/MaxTemperatureCellId", {}, 0, "", name, always}),
    row<&BatterySample::mos_temperature>({"/System/MOSTemperature", {}, 1, "", celsius}),
    row<&BatterySample::cells_per_battery>({"/System/NrOfCellsPerBattery", Kind::count, 0, "", {0, 10000}}),
    row<&BatterySample::modules_online>({"/System/NrOfModulesOnline", Kind::count, 0, "", {0, 10000}, always}),
    row<&BatterySample::modules_offline>({"/System/NrOfModulesOffline", Kind::count, 0, "", {0, 10000}, always}),
    row<&BatterySample::modules_blocking_charge>({"/System/NrOfModulesBlockingCharge", Kind::count, 0, "", {0, 10000}, always}),
    row<&BatterySample::modules_blocking_discharge>({"/System/NrOfModulesBlockingDischarge", Kind::count, 0, "", {0, 10000}, always}),
    row<&BatterySample::cell_voltage_sum>({"/Voltages/Sum", {}, 3, "V", pack_voltage}),
    row<&BatterySample::cell_voltage_diff>({"/Voltages/Diff", {}, 3, "V", cell_voltage}),

    row<&BatterySample::ac_power>({"/Ac/Power", {}, 0, "W", any_power}),
    row<&BatterySample::ac_voltage>({"/Ac/Voltage", {}, 1, "V", pack_voltage}),
    row<&BatterySample::ac_frequency>({"/Ac/Frequency", {}, 2, "Hz", {0, 1000}}),
    row<&BatterySample::offgrid_power>({"/Ac/OffGrid/Power", {}, 0, "W", any_power}),
    row<&BatterySample::offgrid_voltage>({"/Ac/OffGrid/Voltage", {}, 1, "V", pack_voltage}),
    row<&BatterySample::pv_power>({"/Pv/Power", {}, 0, "W", any_power}),
    row<&BatterySample::device_state>({"/Device/State", {}, 0, "", name}),
    row<&BatterySample::controlled>({"/Device/Controlled", Kind::whole, 0, "", flag}),
    row<&BatterySample::alarm_words>({"/Device/AlarmWords", {}, 0, "", name}),
    row<&BatterySample::possible_alarms>({"/Device/PossibleAlarms", {}, 0, "", name}),
    row<&BatterySample::device_model>({"/Device/Model", {}, 0, "", name}),
    row<&BatterySample::device_firmware>({"/Device/Firmware", {}, 0, "", name}),
    row<&BatterySample::device_serial>({"/Device/Serial", {}, 0, "", name}),
    row<&BatterySample::pack_count>({"/Device/NrOfPacks", Kind::count, 0, "", {0, 100}}),
};

// In the order of enum Alarm.
inline constexpr std::array<const char*, alarm_count> alarm_paths{
    "/Alarms/LowVoltage", "/Alarms/HighVoltage", "/Alarms/LowSoc", "/Alarms/HighChargeCurrent",
    "/Alarms/HighDischargeCurrent", "/Alarms/HighCurrent", "/Alarms/CellImbalance", "/Alarms/HighChargeTemperature",
    "/Alarms/LowChargeTemperature", "/Alarms/LowCellVoltage", "/Alarms/HighCellVoltage", "/Alarms/LowTemperature",
    "/Alarms/HighTemperature", "/Alarms/HighInternalTemperature", "/Alarms/FuseBlown", "/Alarms/InternalFailure",
    "/Alarms/StateOfHealth", "/Alarms/BmsCable", "/Alarms/Contactor", "/Alarms/MidVoltage",
};
static_assert(std::string_view{alarm_paths[static_cast<std::size_t>(Alarm::mid_voltage)]} == "/Alarms/MidVoltage");

template <int... I>
constexpr auto alarms(std::integer_sequence<int, I...>) {
    return std::array{row<&BatterySample::alarms, I>({alarm_paths[I], Kind::whole, 0, "", level, always})...};
}
template <int... I>
constexpr auto cell_voltages(std::integer_sequence<int, I...>) {
    return std::array{row<&BatterySample::cell_voltages, I>({{"/Voltages/Cell", I + 1}, {}, 3, "V", cell_voltage})...};
}
template <int... I>
constexpr auto cell_balances(std::integer_sequence<int, I...>) {
    return std::array{row<&BatterySample::cell_balances, I>({{"/Balances/Cell", I + 1}, Kind::whole, 0, "", flag})...};
}
template <int... I>
constexpr auto times_to_soc(std::integer_sequence<int, I...>) {
    return std::array{row<&BatterySample::time_to_soc, I>({{"/TimeToSoC/", I * 5}, {}, 0, "", name})...};
}
template <int... I>
constexpr auto packs(std::integer_sequence<int, I...>) {
    return std::array{row<&BatterySample::pack_voltages, I>({{"/Device/Pack", I + 1, "/Voltage"}, {}, 2, "V", pack_voltage})...,
                      row<&BatterySample::pack_currents, I>({{"/Device/Pack", I + 1, "/Current"}, {}, 1, "A", any_current})...,
                      row<&BatterySample::pack_socs, I>({{"/Device/Pack", I + 1, "/Soc"}, {}, 1, "%", percent})...,
                      row<&BatterySample::pack_cycles, I>({{"/Device/Pack", I + 1, "/Cycles"}, Kind::count, 0, "", counter})...};
}
template <int... I>
constexpr auto temperatures(std::integer_sequence<int, I...>) {
    return std::array{row<&BatterySample::temperatures, I>({{"/System/Temperature", I + 1}, {}, 1, "", celsius})...,
                      row<&BatterySample::temperature_names, I>({{"/System/Temperature", I + 1, "Name"}, {}, 0, "", name})...};
}
// clang-format on

template <std::size_t... N>
constexpr auto joined(const std::array<Field, N>&... parts) {
    return [&]<std::size_t... I>(std::index_sequence<I...>) {
        constexpr std::size_t total = (N + ...);
        const std::array<const Field*, sizeof...(N)> begins{parts.data()...};
        constexpr std::array<std::size_t, sizeof...(N)> sizes{N...};
        const auto at = [&](std::size_t index) {
            std::size_t part = 0;
            while (index >= sizes[part]) index -= sizes[part++];
            return begins[part][index];
        };
        return std::array<Field, total>{at(I)...};
    }
    (std::make_index_sequence<(N + ...)>{});
}

} // namespace fields

inline constexpr auto battery_fields =
    fields::joined(fields::single, fields::alarms(std::make_integer_sequence<int, int{alarm_count}>{}),
                   fields::cell_voltages(std::make_integer_sequence<int, int{max_cells}>{}),
                   fields::cell_balances(std::make_integer_sequence<int, int{max_cells}>{}),
                   fields::times_to_soc(std::make_integer_sequence<int, int{soc_steps}>{}),
                   fields::temperatures(std::make_integer_sequence<int, 4>{}),
                   fields::packs(std::make_integer_sequence<int, int{max_packs}>{}));

// A derived current that no sender could tell us either: P / U of a voltage next to nothing.
constexpr Maybe<Amps> plausible_current(Watts power, Volts voltage) {
    if (voltage.value == 0) return std::nullopt;
    const Amps current{power.value / voltage.value + 0.0}; // + 0.0: no negative zero
    if (current.value < fields::any_current.min || current.value > fields::any_current.max) return std::nullopt;
    return current;
}

// The row of a path; a path that does not exist does not compile.
consteval std::size_t field_index(std::string_view path) {
    for (std::size_t i = 0; i < battery_fields.size(); ++i)
        if (std::string_view{battery_fields[i].path} == path) return i;
    throw "no field has this path"; // NOLINT: never thrown, ends the compilation
}

} // namespace vbat
