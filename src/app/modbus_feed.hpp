#pragma once

#include "device/modbus_battery.hpp"
#include "link/modbus_session.hpp"

namespace vbat {

// What came of a request becomes knowledge of its battery. True: there is a new sample.
inline bool take_in(ModbusBattery& battery, const ModbusReport& report) {
    if (const auto* words = std::get_if<std::vector<std::uint16_t>>(&report.result))
        return battery.take(report.block, *words, report.taken_at);
    const auto& trouble = std::get<ModbusTrouble>(report.result);
    if (trouble.fault == ModbusFault::refused) battery.refused(report.block, trouble.exception, report.taken_at);
    if (trouble.fault == ModbusFault::timed_out) battery.unanswered(report.block, report.taken_at);
    // Some devices hang up on a question they do not like. Hardly ever does the same one meet a line that breaks
    // anyway.
    constexpr int illegal_address = 2;
    if (trouble.fault == ModbusFault::disconnected) battery.refused(report.block, illegal_address, report.taken_at);
    return false;
}

inline ModbusOrder order_of(int unit, const ModbusBattery& battery) { return {unit, battery.polls(), battery.pace()}; }

} // namespace vbat
