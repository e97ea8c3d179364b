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

void check(const vbat::Config& config) {
    require(!config.device_name.empty());
    require(!config.batteries.empty());
    for (const auto& battery : config.batteries) {
        require(!battery.name.empty() && battery.name.size() <= 32);
        require(!battery.broker.host.empty() && battery.broker.port != 0);
        require(!battery.topic.empty() && battery.topic.find_first_of("+#") == std::string::npos);
        require(battery.nominal_voltage >= vbat::Volts{1} && battery.nominal_voltage <= vbat::Volts{1000});
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
