#pragma once

#include "core/quantity.hpp"
#include "core/time.hpp"

#include <array>
#include <cstddef>
#include <optional>
#include <string>

namespace vbat {

// How a battery meets the house: on the DC bus beside Victron's chargers, or behind an inverter of its own.
enum class Coupling { dc, ac };

inline constexpr std::size_t max_cells = 32;
inline constexpr std::size_t soc_steps = 21; // 0, 5, ... 100 %
inline constexpr std::size_t max_packs = 7;  // of one battery

// Names as in /Alarms/<name>; a level is 0 ok, 1 warning, 2 alarm (docs/protocols/venus-dbus.md, Alarms).
enum class Alarm {
    low_voltage,
    high_voltage,
    low_soc,
    high_charge_current,
    high_discharge_current,
    high_current,
    cell_imbalance,
    high_charge_temperature,
    low_charge_temperature,
    low_cell_voltage,
    high_cell_voltage,
    low_temperature,
    high_temperature,
    high_internal_temperature,
    fuse_blown,
    internal_failure,
    state_of_health,
    bms_cable,
    contactor,
    mid_voltage,
};
inline constexpr std::size_t alarm_count = 20;

template <class T>
using Maybe = std::optional<T>;

// What one battery said. A value the battery did not report is absent: never 0, never NaN.
struct BatterySample {
    TimePoint taken_at{};

    Maybe<Watts> power{};
    Maybe<Volts> voltage{};
    Maybe<Amps> current{};
    Maybe<Amps> current_average{};
    Maybe<Celsius> temperature{};
    Maybe<Volts> mid_voltage{};
    Maybe<Percent> mid_voltage_deviation{};
    Maybe<Percent> soc{};
    Maybe<Percent> soc_bms{};
    Maybe<Percent> soh{};
    Maybe<AmpereHours> installed_capacity{};
    Maybe<AmpereHours> capacity{};          // what is left
    Maybe<AmpereHours> consumed_amphours{}; // <= 0, as on the Victron bus
    Maybe<Seconds> time_to_go{};
    bool time_to_go_told{}; // by the last message, be it as null: then it is not computed
    std::array<Maybe<std::string>, soc_steps> time_to_soc{};
    Maybe<int> balancing{};
    Maybe<int> heating{};
    Maybe<int> system_switch{};
    Maybe<int> state{};
    Maybe<std::string> connection_information{};

    std::array<Maybe<int>, alarm_count> alarms{};

    Maybe<int> charge_request{};
    Maybe<Volts> max_charge_voltage{};
    Maybe<Amps> max_charge_current{};
    Maybe<Amps> max_discharge_current{};
    Maybe<Volts> battery_low_voltage{};
    Maybe<Volts> max_charge_cell_voltage{};
    Maybe<std::string> charge_mode{};
    Maybe<std::string> charge_limitation{};
    Maybe<std::string> discharge_limitation{};
    Maybe<Amps> heating_current{};
    Maybe<Watts> heating_power{};
    Maybe<Celsius> heating_temperature_start{};
    Maybe<Celsius> heating_temperature_stop{};

    Maybe<int> allow_to_charge{};
    Maybe<int> allow_to_discharge{};
    Maybe<int> allow_to_balance{};
    Maybe<int> allow_to_heat{};
    Maybe<int> external_relay{};
    Maybe<int> force_charging_off{};
    Maybe<int> force_discharging_off{};
    Maybe<int> turn_balancing_off{};

    Maybe<KilowattHours> charged_energy{};
    Maybe<KilowattHours> discharged_energy{};
    Maybe<int> charge_cycles{};
    Maybe<int> full_discharges{};
    Maybe<int> automatic_syncs{};
    Maybe<int> low_voltage_alarms{};
    Maybe<int> high_voltage_alarms{};
    Maybe<int> time_since_last_full_charge{};
    Maybe<AmpereHours> deepest_discharge{}; // these four <= 0, as on the Victron bus
    Maybe<AmpereHours> last_discharge{};
    Maybe<AmpereHours> average_discharge{};
    Maybe<AmpereHours> total_ah_drawn{};
    Maybe<Volts> minimum_voltage{};
    Maybe<Volts> maximum_voltage{};
    Maybe<Volts> minimum_cell_voltage{};
    Maybe<Volts> maximum_cell_voltage{};
    Maybe<Celsius> minimum_temperature{};
    Maybe<Celsius> maximum_temperature{};
    Maybe<int> has_temperature{};

    Maybe<Volts> min_cell_voltage{};
    Maybe<std::string> min_voltage_cell_id{};
    Maybe<Volts> max_cell_voltage{};
    Maybe<std::string> max_voltage_cell_id{};
    Maybe<Celsius> min_cell_temperature{};
    Maybe<std::string> min_temperature_cell_id{};
    Maybe<Celsius> max_cell_temperature{};
    Maybe<std::string> max_temperature_cell_id{};
    Maybe<Celsius> mos_temperature{};
    std::array<Maybe<Celsius>, 4> temperatures{};
    std::array<Maybe<std::string>, 4> temperature_names{};
    Maybe<int> cells_per_battery{};
    Maybe<int> modules_online{};
    Maybe<int> modules_offline{};
    Maybe<int> modules_blocking_charge{};
    Maybe<int> modules_blocking_discharge{};

    Maybe<Volts> cell_voltage_sum{};
    Maybe<Volts> cell_voltage_diff{};
    std::array<Maybe<Volts>, max_cells> cell_voltages{};
    std::array<Maybe<int>, max_cells> cell_balances{};

    // Of a battery with an inverter of its own.
    Maybe<Watts> ac_power{}; // at its set-point's register: + charges
    Maybe<Volts> ac_voltage{};
    Maybe<Hertz> ac_frequency{};
    Maybe<Watts> offgrid_power{}; // into its backup output
    Maybe<Volts> offgrid_voltage{};
    Maybe<Watts> pv_power{};              // of solar panels on its DC side
    Maybe<std::string> device_state{};    // "charge"
    Maybe<int> controlled{};              // 1: it follows set-points, not its own logic
    Maybe<std::string> alarm_words{};     // as the device says them: "36100=0x0010"
    Maybe<std::string> possible_alarms{}; // what they may mean
    Maybe<std::string> device_model{};
    Maybe<std::string> device_firmware{};
    Maybe<std::string> device_serial{};
    Maybe<int> pack_count{};
    std::array<Maybe<Volts>, max_packs> pack_voltages{};
    std::array<Maybe<Amps>, max_packs> pack_currents{};
    std::array<Maybe<Percent>, max_packs> pack_socs{};
    std::array<Maybe<int>, max_packs> pack_cycles{};
};

} // namespace vbat
