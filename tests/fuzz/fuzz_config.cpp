// Any bytes are either a configuration or a list of mistakes, each on one line of text.
#include "config/config.hpp"
#include "config/utf8.hpp"

#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <string>

namespace {

void require(bool condition) {
    if (!condition) std::abort();
}

void check_mqtt(const vbat::BatteryConfig& battery) {
    require(!battery.broker.host.empty() && battery.broker.port != 0);
    require(!battery.topic.empty() && battery.topic.find_first_of("+#") == std::string::npos);
    require(!battery.modbus);
}

void check_modbus(const vbat::BatteryConfig& battery) {
    const auto& [address, unit_id, setup] = battery.modbus.value();
    require(battery.coupling == vbat::Coupling::ac && battery.topic.empty());
    require(address.host.empty() != address.serial.empty() && address.port != 0);
    require((address.framing == vbat::Framing::rtu) == address.host.empty());
    require(unit_id >= 1 && unit_id <= 255);
    require(setup.model == "auto" || setup.family != "auto");
    require(!setup.poll || (setup.poll->count() >= 1000 && setup.poll->count() <= 60000));
    require(!setup.gap || (setup.gap->count() >= 80 && setup.gap->count() <= 1000));
}

void check(const vbat::Config& config) {
    require(!config.device_name.empty());
    require(!config.batteries.empty());
    for (const auto& battery : config.batteries) {
        require(!battery.name.empty() && battery.name.size() <= 32);
        if (battery.type == vbat::BatteryType::mqtt) check_mqtt(battery);
        else check_modbus(battery);
        if (battery.nominal_voltage)
            require(*battery.nominal_voltage >= vbat::Volts{1} && *battery.nominal_voltage <= vbat::Volts{1000});
    }
}

void check(const vbat::ConfigError& error) {
    require(!error.problems().empty());
    for (const auto& problem : error.problems()) {
        require(!problem.empty() && vbat::is_utf8(problem));
        require(!vbat::find_control(problem));
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string content{data, data + size};
    try {
        check(vbat::load_config(content, "/nonexistent"));
    } catch (const vbat::ConfigError& error) {
        check(error);
    }
    return 0;
}
