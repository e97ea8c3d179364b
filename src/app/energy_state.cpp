#include "app/energy_state.hpp"

#include "runtime/log.hpp"
#include "runtime/text.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <system_error>

namespace vbat {
namespace {

using nlohmann::json;

KilowattHours energy_in(const json& entry, const char* key) {
    const double value = entry.at(key).get<double>();
    constexpr double most = 1e9; // what JSON may carry for a battery, too
    if (!std::isfinite(value) || value < 0 || value > most) throw std::runtime_error{text(key, " is ", value)};
    return {value};
}

} // namespace

std::string to_json(const EnergyBook::Entries& entries) {
    json all = json::object();
    for (const auto& [name, energy] : entries)
        all[name] = {{"charged_kwh", energy.charged.value}, {"discharged_kwh", energy.discharged.value}};
    return all.dump(1) + '\n';
}

EnergyBook::Entries entries_from_json(const std::string& content) try {
    EnergyBook::Entries entries;
    const json all = json::parse(content);
    for (const auto& [name, entry] : all.items())
        entries[name] = {energy_in(entry, "charged_kwh"), energy_in(entry, "discharged_kwh")};
    return entries;
} catch (const json::exception& error) {
    throw std::runtime_error{error.what()};
}

EnergyState::EnergyState(const std::filesystem::path& folder) : file_{folder / "energy.json"} {}

// Whatever is wrong with the file or its disk, the daemon starts.
EnergyBook::Entries EnergyState::restore() try {
    const auto content = file_.read();
    if (!content) return {};
    try {
        kept_ = entries_from_json(*content);
    } catch (const std::runtime_error& error) {
        log_warning(text("energy.json cannot be read and is set aside as energy.json.bad; energies begin at 0: ",
                         error.what()));
        file_.set_aside();
    }
    return kept_;
} catch (const std::system_error& error) {
    log_warning(text("energies begin at 0: ", error.what()));
    return {};
}

void EnergyState::keep(const EnergyBook::Entries& entries, TimePoint now) {
    if (now - kept_at_ < write_period) return;
    kept_at_ = now;
    keep_last(entries);
}

void EnergyState::keep_last(const EnergyBook::Entries& entries) {
    if (entries == kept_) return;
    kept_ = entries;
    file_.write(to_json(entries));
}

} // namespace vbat
