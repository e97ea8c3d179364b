#include "device/modbus_identity.hpp"

#include "device/catalogue.hpp"

namespace vbat {
namespace {

std::string quoted(std::string_view name) {
    return name.empty() ? "does not say what it is" : "says " + std::string{name} + ", which is no known model";
}

std::string described(const ModbusModel& model) {
    return std::string{model.name} + " (family = " + std::string{model.family} +
           ", model = " + std::string{model.variant} + ')';
}

std::string configured(const ModbusBatterySetup& setup) {
    return "family = " + setup.family + ", model = " + setup.model;
}

Finding without_name(const ModbusBatterySetup& setup, const std::string& name) {
    if (setup.family == "auto")
        return {.problem = quoted(name) + ": set family = v12 or family = v3", .ask_version = true};
    if (const ModbusModel* model = model_of(setup.family, setup.model)) return {.model = model};
    return {.problem = "there is no " + configured(setup)};
}

} // namespace

Finding identify_by_name(const ModbusBatterySetup& setup, const std::string& name) {
    const ModbusModel* const named = model_named(name);
    if (!named) return without_name(setup, name);
    const bool own_family = setup.family == "auto" || setup.family == named->family;
    const ModbusModel* const wanted =
        own_family && setup.model == "auto"
            ? named
            : model_of(own_family ? named->family : std::string_view{setup.family}, setup.model);
    if (wanted && calls_itself(*wanted, name)) return {.model = wanted, .is_named = true};
    return {.is_named = true,
            .problem = "says " + name + ", which is a " + described(*named) + ", but " + configured(setup) +
                       " is configured: set both to auto"};
}

Finding identify_by_version(const ModbusBatterySetup& setup, const std::string& name, std::uint16_t version) {
    // 147, 1476; a v12 device reads 0, and other products of the vendor count from 300 on.
    const bool is_v3 = (version >= 100 && version < 200) || (version >= 1000 && version < 2000);
    const ModbusModel* const model = is_v3 ? model_of("v3", setup.model) : nullptr;
    if (!model) return without_name(setup, name);
    if (setup.model != "auto") return {.model = model};
    return {.model = model,
            .problem = quoted(name) + ", but has the registers of family v3: read as a " + described(*model) +
                       "; set model = if that is wrong"};
}

} // namespace vbat
