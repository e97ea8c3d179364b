#include "tools/simulator/faults.hpp"

#include "tools/simulator/curves.hpp"

#include <algorithm>
#include <cmath>
#include <stdexcept>
#include <string>

namespace vbat::sim {
namespace {

using F = Fault;
constexpr double day = 86400;

constexpr std::array table{
    FaultRow{F::bad_exception_length, "bad_exception_length", "0/1", 0, 1, 0,
             "an exception's MBAP header says 4 bytes follow, 3 do; 1 from the start on native V3, as real ones"},
    FaultRow{F::close_on_unknown, "close_on_unknown", "0/1", 0, 1, 1,
             "an unknown address costs the connection, after its exception"},
    FaultRow{F::answer_ms, "answer_ms", "ms", -1, 60000, 0,
             "fixed time to an answer; -1: as real ones, V3 7..150 ms around 65, V12 20..60 ms"},
    FaultRow{F::slow_answers, "slow_answers", "ms", 0, 60000, 500, "the device takes so much longer for each answer"},
    FaultRow{F::late_answers, "late_answers", "s", 0, 60, 4,
             "each answer is on its way so long, while the device already works on the next request"},
    FaultRow{F::stall, "stall", "s", 0, day, 6,
             "nothing is answered so long; then all answers come in a burst. Begins at once, see stall_every"},
    FaultRow{F::stall_every, "stall_every", "s", 300, day, 0, "from one stall to the next; 0: one stall only"},
    FaultRow{F::silence, "silence", "s", 0, day, 40, "an update over the air: connected, and no answer at all, ever"},
    FaultRow{F::wrong_unit, "wrong_unit", "0/1", 0, 1, 1, "the device does not feel addressed"},
    FaultRow{F::refuse_connect, "refuse_connect", "s", 0, day, 10, "no new connection for so long"},
    FaultRow{F::drop_connection, "drop_connection", "s", 0, day, 1,
             "the connections are closed at once, and again each so many seconds when it is more than 1"},
    FaultRow{F::network_restart, "network_restart", "s", 0, day, 10,
             "the network chip restarts: connections gone, none for so long. At once, see network_restart_every"},
    FaultRow{F::network_restart_every, "network_restart_every", "s", 1824, day, 0,
             "from one restart to the next; 0: one only"},
    FaultRow{F::reboot, "reboot", "s", 0, day, 20,
             "off for so long: no power, no connection; afterwards control is off and the set-points are 0"},
    FaultRow{F::wrong_transaction, "wrong_transaction", "n", 0, 1e6, 5,
             "each nth answer carries another transaction id"},
    FaultRow{
        F::off_by_one, "off_by_one", "s", 0, 60, 0,
        "a queuing gateway: an answer goes to the request that is waiting when it comes; without one it is kept so "
        "long for the next"},
    FaultRow{F::crc_error, "crc_error", "n", 0, 1e6, 5, "each nth answer has a wrong CRC (RTU framing only)"},
    FaultRow{F::short_frame, "short_frame", "n", 0, 1e6, 5, "each nth answer ends in its middle"},
    FaultRow{F::split_frames, "split_frames", "ms", 0, 10000, 30, "answers come in three pieces, so far apart"},
    FaultRow{F::out_of_range, "out_of_range", "0/1", 0, 1, 1,
             "SoC reads 500 %, temperatures 3276.7 C, voltages 0xFFFF"},
    FaultRow{F::soc_glitch, "soc_glitch", "s", 0, day, 45,
             "the BMS is gone so long: SoC and charge limit read 0, after 15 s also 36100 bit 4 is set"},
    FaultRow{F::frozen_totals, "frozen_totals", "0/1", 0, 1, 1, "the energy counters stand still"},
    FaultRow{F::reconnect_drops_control, "reconnect_drops_control", "0/1", 0, 1, 0,
             "a new connection ends RS485 control; 1 from the start on native V3"},
    FaultRow{F::control_lost, "control_lost", "0/1", 0, 1, 1, "RS485 control ends, once"},
    FaultRow{F::control_dropped_every, "control_dropped_every", "s", 0, day, 60,
             "RS485 control ends each so many seconds"},
    FaultRow{F::control_stuck, "control_stuck", "0/1", 0, 1, 0,
             "RS485 control ends; it is acknowledged but stays off until there is a new connection"},
    FaultRow{F::ignores_set_points, "ignores_set_points", "0/1", 0, 1, 1, "acknowledges everything and does not move"},
    FaultRow{F::opposite_sign, "opposite_sign", "0/1", 0, 1, 0, "charges when told to discharge"},
    FaultRow{F::refuses_below, "refuses_below", "%", 0, 100, 0, "does not start to discharge below this SoC"},
    FaultRow{F::grid_loss, "grid_loss", "0/1", 0, 1, 1,
             "no grid at this battery: 0 V, 0 W; it feeds its backup output"},
    FaultRow{F::alarm_36000, "alarm_36000", "bits", 0, 0xFFFF, 16, "bits set in this word"},
    FaultRow{F::alarm_36001, "alarm_36001", "bits", 0, 0xFFFF, 8, "bits set in this word"},
    FaultRow{F::fault_36100, "fault_36100", "bits", 0, 0xFFFF, 1, "bits set in this word"},
    FaultRow{F::fault_36101, "fault_36101", "bits", 0, 0xFFFF, 128, "bits set in this word"},
    FaultRow{F::fault_36102, "fault_36102", "bits", 0, 0xFFFF, 1, "bits set in this word"},
    FaultRow{F::fault_36103, "fault_36103", "bits", 0, 0xFFFF, 16, "bits set in this word"},
};

constexpr bool is_in_order() {
    for (std::size_t i = 0; i < table.size(); ++i)
        if (static_cast<std::size_t>(table[i].fault) != i) return false;
    return table.size() == static_cast<std::size_t>(Fault::count);
}
static_assert(is_in_order());

double seconds_since(TimePoint since, TimePoint now) { return std::chrono::duration<double>(now - since).count(); }

} // namespace

std::span<const FaultRow> fault_table() { return table; }
const FaultRow& fault_row(Fault fault) { return table[static_cast<std::size_t>(fault)]; }

const FaultRow& fault_row(std::string_view name) {
    std::string all;
    for (const FaultRow& row : table) {
        if (row.name == name) return row;
        all += (all.empty() ? "" : ", ") + std::string{row.name};
    }
    throw std::invalid_argument{"fault '" + std::string{name} + "' is unknown; there are " + all};
}

FaultPanel::FaultPanel(TimePoint now) {
    for (const FaultRow& row : table) entries_[static_cast<std::size_t>(row.fault)] = {row.initial, now, 0};
}

void FaultPanel::set(Fault fault, double value, TimePoint now) {
    const FaultRow& row = fault_row(fault);
    if (!within(value, std::min(row.initial, 0.0), row.most))
        throw std::invalid_argument{"fault '" + std::string{row.name} + "': " + std::to_string(value) +
                                    " is not in 0.." + std::to_string(row.most) + " " + std::string{row.parameter}};
    entries_[static_cast<std::size_t>(fault)] = {value, now, 0};
}

std::optional<TimePoint> FaultPanel::until(Fault seconds, TimePoint now) const {
    const auto& [length, since, calls] = entry(seconds);
    const TimePoint end = since + span_of(length);
    return now < end ? std::optional{end} : std::nullopt;
}

std::optional<TimePoint> FaultPanel::until(Fault seconds, Fault every, TimePoint now) const {
    const auto began = last(seconds, value(every), now);
    if (!began) return std::nullopt;
    const TimePoint end = *began + span_of(value(seconds));
    return now < end ? std::optional{end} : std::nullopt;
}

std::optional<TimePoint> FaultPanel::last(Fault fault, double period, TimePoint now) const {
    if (!on(fault)) return std::nullopt;
    const TimePoint since = entry(fault).since;
    return period > 0 ? since + span_of(period * std::floor(seconds_since(since, now) / period)) : since;
}

bool FaultPanel::nth(Fault every) {
    auto& [n, since, calls] = entries_[static_cast<std::size_t>(every)];
    if (n < 1) return false;
    return ++calls % static_cast<int>(n) == 0;
}

} // namespace vbat::sim
