#include "app/sample_json.hpp"

#include <nlohmann/json.hpp>

#include <array>
#include <cmath>
#include <ctime>

namespace vbat {
namespace {

using Json = nlohmann::ordered_json;

// Registers have at most three decimals; more is the arithmetic of doubles.
double rounded(double value) { return std::round(value * 1e4) / 1e4 + 0.0; }

struct Row {
    const char* key;
    Maybe<double> (*value)(const BatterySample&);
};

template <auto Member>
Maybe<double> number(const BatterySample& sample) {
    const auto& value = sample.*Member;
    return value ? Maybe<double>{value->value} : std::nullopt;
}

using S = BatterySample;
constexpr Row rows[] = {
    {"power_w", number<&S::power>},
    {"ac_power_w", number<&S::ac_power>},
    {"voltage_v", number<&S::voltage>},
    {"current_a", number<&S::current>},
    {"soc_percent", number<&S::soc>},
    {"temperature_c", number<&S::temperature>},
    {"mos_temperature_c", number<&S::mos_temperature>},
    {"cell_voltage_min_v", number<&S::min_cell_voltage>},
    {"cell_voltage_max_v", number<&S::max_cell_voltage>},
    {"cell_temperature_min_c", number<&S::min_cell_temperature>},
    {"cell_temperature_max_c", number<&S::max_cell_temperature>},
    {"energy_charged_kwh", number<&S::charged_energy>},
    {"energy_discharged_kwh", number<&S::discharged_energy>},
    {"offgrid_power_w", number<&S::offgrid_power>},
    {"offgrid_voltage_v", number<&S::offgrid_voltage>},
    {"pv_power_w", number<&S::pv_power>},
    {"ac_voltage_v", number<&S::ac_voltage>},
    {"ac_frequency_hz", number<&S::ac_frequency>},
    {"charge_voltage_limit_v", number<&S::max_charge_voltage>},
    {"charge_current_limit_a", number<&S::max_charge_current>},
    {"discharge_current_limit_a", number<&S::max_discharge_current>},
};

void put(Json& out, const char* key, const Maybe<std::string>& text) {
    if (text && !text->empty()) out[key] = *text;
}

Json packs_of(const BatterySample& sample) {
    Json packs = Json::array();
    for (std::size_t i = 0; i < max_packs; ++i) {
        if (!sample.pack_voltages[i]) continue;
        Json pack{{"pack", i + 1}, {"voltage_v", rounded(sample.pack_voltages[i]->value)}};
        if (sample.pack_currents[i]) pack["current_a"] = rounded(sample.pack_currents[i]->value);
        if (sample.pack_socs[i]) pack["soc_percent"] = rounded(sample.pack_socs[i]->value);
        if (sample.pack_cycles[i]) pack["cycles"] = *sample.pack_cycles[i];
        packs.push_back(std::move(pack));
    }
    return packs;
}

// What was not read is left out; what was read and is quiet is an empty text.
Json alarms_of(const BatterySample& sample) {
    Json alarms = Json::object();
    if (sample.alarm_words) alarms["words"] = *sample.alarm_words;
    put(alarms, "text", sample.possible_alarms);
    return alarms;
}

} // namespace

std::string to_json(const ReadOut& battery) {
    const BatterySample& sample = battery.sample;
    Json out{{"name", battery.name}, {"type", battery.type}};
    put(out, "model", sample.device_model);
    if (!battery.family.empty()) out["family"] = battery.family;
    put(out, "firmware", sample.device_firmware);
    put(out, "serial", sample.device_serial);
    out["taken_at"] = battery.taken_at;
    for (const auto& [key, value] : rows)
        if (const auto number = value(sample)) out[key] = rounded(*number);
    if (sample.installed_capacity)
        out["capacity_wh"] = std::round((battery.nominal_voltage * *sample.installed_capacity).value);
    put(out, "state", sample.device_state);
    if (sample.controlled) out["controlled"] = *sample.controlled != 0;
    if (auto packs = packs_of(sample); !packs.empty()) out["packs"] = std::move(packs);
    if (auto alarms = alarms_of(sample); !alarms.empty()) out["alarms"] = std::move(alarms);
    return out.dump(2) + '\n';
}

std::string utc_text(TimePoint moment, TimePoint now, std::chrono::system_clock::time_point wall_clock) {
    using std::chrono::system_clock;
    const auto then = wall_clock - std::chrono::duration_cast<system_clock::duration>(now - moment);
    const std::time_t seconds = system_clock::to_time_t(then);
    std::tm utc{};
    gmtime_r(&seconds, &utc);
    std::array<char, 32> text{};
    const std::size_t size = std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &utc);
    return {text.data(), size};
}

} // namespace vbat
