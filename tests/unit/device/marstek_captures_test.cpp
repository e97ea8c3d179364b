// What real devices answered; each file names its source and what it must read as.
#include "device/catalogue.hpp"
#include "tests/support/printing.hpp"
// after doctest
#include "tests/support/marstek.hpp"

#include <charconv>

using namespace vbat;
using namespace vbat::test;
using nlohmann::json;

namespace {

struct Reading {
    const ModbusModel& model;
    RegisterImage image;
    BatterySample sample;

    Maybe<double> word(std::uint16_t address, double scale = 1) const {
        const auto raw = image.word(address);
        if (!raw) return std::nullopt;
        return *raw * scale;
    }
};

template <class Unit>
Maybe<double> number(Maybe<Quantity<Unit>> value) {
    if (!value) return std::nullopt;
    return value->value;
}

// How the source names a number -> what we make of it. Their power is + when it discharges into the grid, ours charges.
using Read = Maybe<double> (*)(const Reading&);
const std::map<std::string, Read> numbers{
    {"battery_power_w", [](const Reading& r) { return number(r.sample.power); }},
    {"ac_power_w",
     [](const Reading& r) -> Maybe<double> {
         if (!r.sample.ac_power) return std::nullopt;
         return -r.sample.ac_power->value;
     }},
    {"offgrid_power_w",
     [](const Reading& r) { return r.sample.offgrid_power ? number(r.sample.offgrid_power) : r.word(32302); }},
    {"soc_percent", [](const Reading& r) { return number(r.sample.soc); }},
    {"ac_frequency_hz", [](const Reading& r) { return number(r.sample.ac_frequency); }},
    {"frequency_hz", [](const Reading& r) { return number(r.sample.ac_frequency); }},
    {"grid_voltage_v", [](const Reading& r) { return number(r.sample.ac_voltage); }},
    {"battery_voltage_v", [](const Reading& r) { return number(r.sample.voltage); }},
    {"battery_current_a", [](const Reading& r) { return number(r.sample.current); }},
    {"internal_temperature_c", [](const Reading& r) { return number(r.sample.temperature); }},
    {"max_cell_temperature_c", [](const Reading& r) { return number(r.sample.max_cell_temperature); }},
    {"min_cell_temperature_c", [](const Reading& r) { return number(r.sample.min_cell_temperature); }},
    {"total_charged_kwh", [](const Reading& r) { return number(r.sample.charged_energy); }},
    {"total_discharged_kwh", [](const Reading& r) { return number(r.sample.discharged_energy); }},
    {"rated_capacity_kwh",
     [](const Reading& r) -> Maybe<double> {
         if (!r.sample.installed_capacity) return std::nullopt;
         return (r.model.nominal_voltage * *r.sample.installed_capacity).value / 1000;
     }},
    {"pack_count", [](const Reading& r) -> Maybe<double> { return r.sample.pack_count; }},
    {"pack1_soc_percent", [](const Reading& r) { return number(r.sample.pack_socs[0]); }},
    {"pack2_soc_percent", [](const Reading& r) { return number(r.sample.pack_socs[1]); }},
    {"pack3_soc_percent", [](const Reading& r) { return number(r.sample.pack_socs[2]); }},
    {"pack4_soc_percent", [](const Reading& r) { return number(r.sample.pack_socs[3]); }},
    {"pack2_current_a", [](const Reading& r) { return number(r.sample.pack_currents[1]); }},
    {"pack4_current_a", [](const Reading& r) { return number(r.sample.pack_currents[3]); }},
    {"pack4_voltage_v", [](const Reading& r) { return number(r.sample.pack_voltages[3]); }},
    {"ems_version",
     [](const Reading& r) -> Maybe<double> {
         if (!r.sample.device_firmware) return std::nullopt;
         return std::stod(*r.sample.device_firmware);
     }},
    // Not of a sample: what is written, and what is read only to understand a capture.
    {"pack_online_mask", [](const Reading& r) { return r.word(32110); }},
    {"active_pack", [](const Reading& r) { return r.word(32111); }},
    {"force_mode", [](const Reading& r) { return r.word(42010); }},
    {"set_charge_power_w", [](const Reading& r) { return r.word(42020); }},
    {"set_discharge_power_w", [](const Reading& r) { return r.word(42021); }},
    {"charging_cutoff_percent", [](const Reading& r) { return r.word(44000, 0.1); }},
    {"max_charge_power_w", [](const Reading& r) { return r.word(44002); }},
    {"max_discharge_power_w", [](const Reading& r) { return r.word(44003); }},
    {"grid_standard_raw", [](const Reading& r) { return r.word(44100); }},
    {"unit_id", [](const Reading& r) { return r.word(41100); }},
    {"mppt1_voltage_v", [](const Reading& r) { return r.word(30020, 0.1); }},
    {"mppt2_voltage_v", [](const Reading& r) { return r.word(30021, 0.1); }},
    {"mppt1_current_a", [](const Reading& r) { return r.word(30024, 0.1); }},
    {"mppt2_current_a", [](const Reading& r) { return r.word(30025, 0.1); }},
    {"41200", [](const Reading& r) { return r.word(41200); }},
    {"42011", [](const Reading& r) { return r.word(42011); }},
};

using ReadText = Maybe<std::string> (*)(const Reading&);
const std::map<std::string, ReadText> texts{
    {"model",
     [](const Reading& r) -> Maybe<std::string> {
         return r.image.text({31000, 8});
     }},
    {"ble_mac", [](const Reading& r) -> Maybe<std::string> { return r.image.text(r.model.serial); }},
    {"comm_firmware",
     [](const Reading& r) -> Maybe<std::string> {
         return r.image.text({30350, 6});
     }},
    {"backup_output",
     [](const Reading& r) -> Maybe<std::string> { return r.image.word(41200) == 0 ? "on (raw 0)" : "off"; }},
    {"rs485_control",
     [](const Reading& r) -> Maybe<std::string> {
         if (!r.sample.controlled) return std::nullopt;
         return *r.sample.controlled == 1 ? "on (0x55AA)" : "off (0x55BB)";
     }},
};

const ModbusModel& model_of_capture(const json& capture) {
    const std::string model = capture.at("model");
    const char* const variant = capture.at("family") == "v12"                ? "e"
                                : model.find("Venus A") != std::string::npos ? "a"
                                : model.find("Venus D") != std::string::npos ? "d"
                                                                             : "e3";
    const ModbusModel* const found = model_of(capture.at("family").get<std::string>(), variant);
    REQUIRE(found != nullptr);
    return *found;
}

Reading reading_of(const json& capture, const Words& words) {
    const ModbusModel& model = model_of_capture(capture);
    return {model, image_of(words), read_as(model, words)};
}

// How many keys were compared.
int compare(const Reading& reading, const json& expect) {
    int compared = 0;
    for (const auto& [key, value] : expect.items()) {
        CAPTURE(key);
        if (key == "model" && !reading.image.word(31000)) continue; // known to the source from elsewhere
        if (const auto read = numbers.find(key); read != numbers.end()) {
            const auto found = read->second(reading);
            REQUIRE_MESSAGE(found.has_value(), key, " is absent");
            CHECK(*found == doctest::Approx(value.get<double>()).epsilon(1e-9));
        } else if (const auto text = texts.find(key); text != texts.end()) {
            CHECK(text->second(reading) == value.get<std::string>());
        } else if (key == "inverter_state_raw") {
            const char* const names[] = {"sleep", "standby", "charge", "discharge", "backup", "update", "bypass"};
            CHECK(reading.sample.device_state == names[value.get<std::size_t>()]);
        } else continue;
        ++compared;
    }
    return compared;
}

TEST_CASE("every capture with registers reads as its source says") {
    int files = 0;
    int compared = 0;
    for (const auto& file : std::filesystem::directory_iterator{marstek_captures}) {
        if (file.path().extension() != ".json") continue;
        const json capture = json::parse(read_file(file.path()));
        if (!capture.contains("registers")) continue;
        CAPTURE(file.path().filename().string());
        const int here = compare(reading_of(capture, words_of(capture)), capture.at("expect"));
        CHECK(here >= 1);
        compared += here;
        ++files;
    }
    CHECK(files >= 13);
    CHECK(compared >= 80);
}

TEST_CASE("no value of a capture is thought impossible for its own model") {
    for (const auto& file : std::filesystem::directory_iterator{marstek_captures}) {
        if (file.path().extension() != ".json") continue;
        const json capture = json::parse(read_file(file.path()));
        if (!capture.contains("registers")) continue;
        CAPTURE(file.path().filename().string());
        BatterySample sample;
        std::vector<const Register*> wrong;
        decode(model_of_capture(capture).registers, image_of(words_of(capture)), sample, &wrong);
        for (const Register* row : wrong) FAIL_CHECK(row->address);
    }
}

TEST_CASE("what the vendor's app and the BMS said at the same minute") {
    for (const char* const name : {"v3-d-fw150-charge-600w-backup-53w", "v3-d-fw150-discharge-600w-backup-50w"}) {
        CAPTURE(name);
        const json capture = marstek_capture(name);
        const Reading reading = reading_of(capture, words_of(capture));
        REQUIRE(reading.sample.current.has_value());
        CHECK(reading.sample.current->value ==
              doctest::Approx(capture["expect"]["bms_current_a_true"].get<double>()).epsilon(0.05));
        if (!capture["expect"].contains("net_power_at_grid_plug_w_app")) continue;
        const double at_plug = -reading.sample.ac_power->value - reading.sample.offgrid_power->value;
        CHECK(std::abs(at_plug - capture["expect"]["net_power_at_grid_plug_w_app"].get<double>()) <= 5);
        CHECK(std::abs(reading.sample.power->value - capture["expect"]["battery_power_w_app"].get<double>()) <= 5);
    }
}

TEST_CASE("which pack carries the current is seen in the voltage") {
    const json capture = marstek_capture("v3-d-fw147-charge-2200w");
    Words words = words_of(capture); // the scan has no 32109 to 32111
    words[32109] = 4;
    words[32110] = 15;
    words[32111] = 4;
    const BatterySample sample = read_as(model_of_capture(capture), words);
    CHECK(sample.voltage->value == doctest::Approx(54.02));
    CHECK(sample.current->value == doctest::Approx(37.5).epsilon(0.02));
    CHECK(sample.max_cell_voltage->value == doctest::Approx(3.378));
    CHECK(sample.max_voltage_cell_id == "P4C14");
    CHECK(sample.min_cell_voltage->value == doctest::Approx(3.375));
    CHECK(sample.min_voltage_cell_id == "P4C13");
    CHECK(sample.max_cell_temperature->value == doctest::Approx(27.6));
    CHECK(sample.max_temperature_cell_id == "P1T1");
    CHECK(sample.min_cell_temperature->value == doctest::Approx(21.8));
    CHECK(sample.min_temperature_cell_id == "P4T3");
    CHECK(sample.charge_cycles == 49);
}

TEST_CASE("good frames carry the words that the source names") {
    const json capture = marstek_capture("v3-a-fw148-frames-settings");
    const auto bytes = [](const std::string& hex) {
        std::vector<int> all;
        for (std::size_t i = 0; i < hex.size(); i += 3) all.push_back(std::stoi(hex.substr(i, 2), nullptr, 16));
        return all;
    };
    Words words;
    for (const std::string sent : capture.at("frames_sent")) {
        const auto question = bytes(sent);
        for (const std::string reply : capture.at("frames")) {
            const auto answer = bytes(reply);
            if (answer[0] != question[0] || answer[1] != question[1]) continue; // its transaction
            REQUIRE(answer.size() == 11);
            words[static_cast<std::uint16_t>(question[8] << 8 | question[9])] =
                static_cast<std::uint16_t>(answer[9] << 8 | answer[10]);
        }
    }
    CHECK(words == words_of(capture));
}

// The words of one column; null was not answered.
Words column(const json& series, std::size_t index) {
    Words words;
    for (const auto& [key, values] : series.items())
        if (key != "time" && !values[index].is_null())
            words[static_cast<std::uint16_t>(std::stoi(key))] = values[index].get<std::uint16_t>();
    return words;
}

TEST_CASE("a backup load does not move the battery, and power falls to nothing when the grid goes") {
    const json capture = marstek_capture("v3-d-fw147-backup-overload-series");
    const json& series = capture.at("series");
    const auto at = [&](std::string_view time) {
        const auto found = std::find(series["time"].begin(), series["time"].end(), time);
        REQUIRE(found != series["time"].end());
        return reading_of(capture, column(series, static_cast<std::size_t>(found - series["time"].begin())));
    };
    CHECK(compare(at("08:39:24"), capture["expect"]["first_sample"]) == 3);
    CHECK(compare(at("08:40:14"), capture["expect"]["overload_sample_08:40:14"]) == 3);
    const Reading after = at("08:41:24");
    CHECK(after.sample.power == -13_W);
    CHECK(after.sample.ac_power == 0_W);
    CHECK(after.sample.offgrid_voltage->value == doctest::Approx(0.5));
    CHECK(after.sample.device_state == "standby");
}

int seconds_of(const std::string& time) {
    return std::stoi(time.substr(0, 2)) * 3600 + std::stoi(time.substr(3, 2)) * 60 + std::stoi(time.substr(6, 2));
}

// Plays a series on a whole device of the same model: what the log does not have comes from a scan.
void play(MarstekAtWire& device, const json& series, const std::function<void(std::size_t)>& look) {
    for (std::size_t i = 0; i < series["time"].size(); ++i) {
        for (const auto& [key, values] : series.items()) {
            if (key == "time") continue;
            const auto address = static_cast<std::uint16_t>(std::stoi(key));
            if (values[i].is_null()) device.silent.insert(address);
            else device.words[address] = values[i].get<std::uint16_t>();
        }
        device.words[32104] = device.words[37005]; // the log has the SoC of pack 1 only
        const bool last = i + 1 == series["time"].size();
        device.run(last ? 5s : std::chrono::seconds{seconds_of(series["time"][i + 1]) - seconds_of(series["time"][i])});
        look(i);
    }
}

TEST_CASE("a battery that is cut off and comes back keeps its state of charge") {
    const json capture = marstek_capture("v3-d-fw147-battery-disconnect-series");
    MarstekAtWire device{words_of(marstek_capture("v3-d-fw150-charge-600w-backup-53w"))};
    int zeros = 0;
    play(device, capture.at("series"), [&](std::size_t i) {
        CAPTURE(i);
        zeros += device.words[32104] == 0;
        CHECK(device.seen().soc == 99_pct);
    });
    CHECK(zeros == 6);
    CHECK(device.words[36100] == 0);
}

TEST_CASE("an update of the firmware is silence: nothing is known after a few seconds") {
    const json capture = marstek_capture("v3-d-fw147-ota-silence");
    MarstekAtWire device{words_of(marstek_capture("v3-d-fw147-charge-2200w"))};
    play(device, capture.at("series"), [&](std::size_t i) {
        CAPTURE(i);
        const bool answered = i < 3;
        if (answered) CHECK(device.seen().power == Watts{2039});
        else CHECK_FALSE(device.sample().has_value());
    });
}

} // namespace
