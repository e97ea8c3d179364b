// Any bytes as an MQTT payload, twice in a row for the same battery: decoding, merging and derivation must neither fail
// nor produce what may not be published.
#include "core/battery_message.hpp"
#include "device/battery_json.hpp"

#include <cmath>
#include <cstdlib>

namespace {

void check(bool holds) {
    if (!holds) std::abort();
}

void check_publishable(const vbat::BatterySample& battery) {
    for (const vbat::Field& field : vbat::battery_fields) {
        const vbat::Value value = field.load(battery);
        if (const auto* number = std::get_if<double>(&value))
            check(std::isfinite(*number) && !(*number == 0 && std::signbit(*number)));
        if (const auto* text = std::get_if<std::string>(&value)) check(text->find('\0') == std::string::npos);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    const std::string_view payload{reinterpret_cast<const char*>(data), size};
    vbat::BatterySample battery;
    for (const std::size_t split : {size / 2, std::size_t{0}}) {
        const auto decoded = vbat::decode_battery_json(payload.substr(split));
        check(decoded.message.has_value() || !decoded.problems.empty());
        if (!decoded.message) continue;
        vbat::take_in(battery, *decoded.message, vbat::AmpereHours{100}, vbat::TimePoint{});
        check_publishable(battery);
        check(battery.soc && battery.power && battery.voltage);
    }
    return 0;
}
