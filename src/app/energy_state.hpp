#pragma once

#include "core/energy_book.hpp"
#include "runtime/state_file.hpp"

namespace vbat {

// The energy book as a file: {"left": {"charged_kwh": 12.345, "discharged_kwh": 11.2}, ...}
std::string to_json(const EnergyBook::Entries& entries);
EnergyBook::Entries entries_from_json(const std::string& json); // throws std::runtime_error: what is wrong

// Keeps the book over restarts, with at most one write in ten minutes and one at the end: flash wears.
class EnergyState {
public:
    static constexpr Duration write_period = std::chrono::minutes{10};

    explicit EnergyState(const std::filesystem::path& folder);
    EnergyBook::Entries restore();
    void keep(const EnergyBook::Entries& entries, TimePoint now); // when it is time, and something changed
    void keep_last(const EnergyBook::Entries& entries);

private:
    StateFile file_;
    EnergyBook::Entries kept_{};
    TimePoint kept_at_{};
};

} // namespace vbat
