#pragma once

#include "core/time.hpp"

#include <array>
#include <optional>
#include <span>
#include <string_view>

namespace vbat::sim {

inline Duration span_of(double seconds) {
    return std::chrono::duration_cast<Duration>(std::chrono::duration<double>(seconds));
}

// In the order of the table in faults.cpp.
enum class Fault : unsigned char {
    bad_exception_length,
    close_on_unknown,
    answer_ms,
    slow_answers,
    late_answers,
    stall,
    stall_every,
    silence,
    wrong_unit,
    refuse_connect,
    drop_connection,
    network_restart,
    network_restart_every,
    reboot,
    wrong_transaction,
    off_by_one,
    crc_error,
    short_frame,
    split_frames,
    out_of_range,
    soc_glitch,
    frozen_totals,
    reconnect_drops_control,
    control_lost,
    control_dropped_every,
    control_stuck,
    ignores_set_points,
    opposite_sign,
    refuses_below,
    grid_loss,
    alarm_36000,
    alarm_36001,
    fault_36100,
    fault_36101,
    fault_36102,
    fault_36103,
    count,
};

// One switch. 0 is off unless `what` says otherwise.
struct FaultRow {
    Fault fault{};
    std::string_view name{};
    std::string_view parameter{}; // what the value is
    double initial{};
    double most{};
    double soak{}; // the value that random faults take; 0: left alone by them
    std::string_view what{};
};

std::span<const FaultRow> fault_table();
const FaultRow& fault_row(std::string_view name); // throws std::invalid_argument
const FaultRow& fault_row(Fault fault);

// The switches of one battery, and since when each stands as it does.
class FaultPanel {
public:
    explicit FaultPanel(TimePoint now);

    void set(Fault fault, double value, TimePoint now); // throws std::invalid_argument
    void clear(Fault fault, TimePoint now) { set(fault, fault_row(fault).initial, now); }

    double value(Fault fault) const { return entry(fault).value; }
    bool on(Fault fault) const { return value(fault) != 0; }
    TimePoint since(Fault fault) const { return entry(fault).since; }

    // Seconds that begin when the switch is set; with `every`, again each so many seconds. End of the present ones.
    std::optional<TimePoint> until(Fault seconds, TimePoint now) const;
    std::optional<TimePoint> until(Fault seconds, Fault every, TimePoint now) const;

    // When it happened last, if it happens at once and then each `period` seconds; 0: at once only.
    std::optional<TimePoint> last(Fault fault, double period, TimePoint now) const;

    bool nth(Fault every); // true at each value-th call

private:
    struct Entry {
        double value{};
        TimePoint since{};
        int calls{};
    };
    const Entry& entry(Fault fault) const { return entries_[static_cast<std::size_t>(fault)]; }

    std::array<Entry, static_cast<std::size_t>(Fault::count)> entries_{};
};

} // namespace vbat::sim
