#include "core/battery_message.hpp"

namespace vbat {
namespace {

void derive_current(BatterySample& battery, const FieldSet& carried) {
    if (carried[field_index("/Dc/0/Current")]) return;
    battery.current.reset();
    if (battery.power && battery.voltage) battery.current = plausible_current(*battery.power, *battery.voltage);
}

bool carries_cell_voltages(const FieldSet& carried) {
    constexpr std::size_t first = field_index("/Voltages/Cell1");
    for (std::size_t i = 0; i < max_cells; ++i)
        if (carried[first + i]) return true;
    return false;
}

struct Cells {
    std::size_t lowest = 0;
    std::size_t highest = 0;
    Volts sum{};
    bool any = false;
};

Cells survey(const std::array<Maybe<Volts>, max_cells>& voltages) {
    Cells cells;
    for (std::size_t i = 0; i < voltages.size(); ++i) {
        if (!voltages[i]) continue;
        if (!cells.any || *voltages[i] < *voltages[cells.lowest]) cells.lowest = i;
        if (!cells.any || *voltages[i] > *voltages[cells.highest]) cells.highest = i;
        cells.sum += *voltages[i];
        cells.any = true;
    }
    return cells;
}

std::string cell_id(std::size_t index) { return "Cell" + std::to_string(index + 1); }

} // namespace

void derive_charge(BatterySample& battery, const FieldSet& carried, Maybe<AmpereHours> configured) {
    if (!battery.installed_capacity) battery.installed_capacity = configured;
    const bool became_unknown = carried[field_index("/InstalledCapacity")] && !battery.installed_capacity;
    if (became_unknown && !carried[field_index("/Capacity")]) battery.capacity.reset();
    if (became_unknown && !carried[field_index("/ConsumedAmphours")]) battery.consumed_amphours.reset();
    if (!battery.installed_capacity) return;
    const AmpereHours installed = *battery.installed_capacity;
    const bool capacity_told = carried[field_index("/Capacity")];
    const bool consumed_told = carried[field_index("/ConsumedAmphours")];

    if (!capacity_told) {
        battery.capacity.reset();
        if (consumed_told && battery.consumed_amphours)
            battery.capacity = std::max(installed + *battery.consumed_amphours, AmpereHours{});
        else if (battery.soc) battery.capacity = installed * (battery.soc->value / 100);
    }
    if (!consumed_told) {
        battery.consumed_amphours.reset();
        if (battery.capacity) battery.consumed_amphours = std::min(*battery.capacity - installed, AmpereHours{});
    }
}

void derive_cells(BatterySample& battery, const FieldSet& carried) {
    if (!carries_cell_voltages(carried)) return;
    const Cells cells = survey(battery.cell_voltages);
    const auto derive = [&](std::size_t field, auto& member, const auto& value) {
        if (carried[field]) return;
        member.reset();
        if (cells.any) member = value;
    };
    const Volts low = battery.cell_voltages[cells.lowest].value_or(Volts{});
    const Volts high = battery.cell_voltages[cells.highest].value_or(Volts{});
    derive(field_index("/System/MinCellVoltage"), battery.min_cell_voltage, low);
    derive(field_index("/System/MinVoltageCellId"), battery.min_voltage_cell_id, cell_id(cells.lowest));
    derive(field_index("/System/MaxCellVoltage"), battery.max_cell_voltage, high);
    derive(field_index("/System/MaxVoltageCellId"), battery.max_voltage_cell_id, cell_id(cells.highest));
    derive(field_index("/Voltages/Sum"), battery.cell_voltage_sum, cells.sum);
    derive(field_index("/Voltages/Diff"), battery.cell_voltage_diff, high - low);
}

void take_in(BatterySample& battery, const BatteryMessage& message, Maybe<AmpereHours> configured, TimePoint now) {
    for (const auto& [field, value] : message.entries) battery_fields[field].store(battery, value);
    battery.taken_at = now;

    const FieldSet carried = message.carried();
    derive_current(battery, carried);
    derive_charge(battery, carried, configured);
    derive_cells(battery, carried);
    battery.time_to_go_told = carried[field_index("/TimeToGo")];
}

} // namespace vbat
