#include "config/battery_type.hpp"

#include "config/checks.hpp"
#include "config/option_tables.hpp"
#include "runtime/text.hpp"

#include <utility>

namespace vbat {
namespace {

// The same thing has another name there: of MQTT, of Modbus.
constexpr std::pair<std::string_view, std::string_view> counterparts[]{
    {"broker_address", "address"},
    {"broker_port", "port"},
};

std::string remedy(std::string_view key) {
    for (const auto& [of_mqtt, of_modbus] : counterparts) {
        if (key == of_mqtt) return text("write ", of_modbus);
        if (key == of_modbus) return text("write ", of_mqtt);
    }
    return "remove it";
}

// Reports the keys of one section that are for batteries of another type.
class ForeignKeys {
public:
    ForeignKeys(const Text& type, BatteryType used, Mistakes& mistakes)
        : type_{type}, used_{used}, mistakes_{mistakes} {}

    template <class Keys>
    void check(std::span<const Option<Keys>> options, const Keys& keys, BatteryType home) {
        for (const auto& option : options)
            std::visit([&](auto target) { check(option.key, keys.*target, home); }, option.target);
    }
    void check(std::string_view name, const auto& key, BatteryType home) {
        if (!key || key->origin.inherited) return;
        found_ = true;
        mistakes_.add(key->origin.line, text(key->origin.where, "is for type = ", name_of(home), ", ", advice(name)));
    }
    bool found() const { return found_; }

private:
    std::string advice(std::string_view name) const {
        if (type_) return text("but type in line ", type_->origin.line, " is ", name_of(used_), "; ", remedy(name));
        return text("without a type the battery is ", name_of(used_), "; set the type or ", remedy(name));
    }

    const Text& type_;
    BatteryType used_;
    Mistakes& mistakes_;
    bool found_ = false;
};

} // namespace

void settle_type(BatteryDraft& battery, Mistakes& mistakes) {
    const Text& written = battery.keys.type;
    battery.type = written ? parse_type(written->value) : BatteryType::mqtt;
    if (!battery.type) return;
    ForeignKeys foreign{written, *battery.type, mistakes};
    if (battery.type == BatteryType::mqtt) {
        foreign.check(modbus_options(), battery.modbus, BatteryType::marstek_modbus);
        battery.modbus = {};
    } else {
        foreign.check("topic", battery.keys.topic, BatteryType::mqtt);
        foreign.check(broker_options(), battery.broker, BatteryType::mqtt);
        battery.keys.topic.reset();
        battery.broker = {};
    }
    if (foreign.found() && !written) battery.type.reset();
}

} // namespace vbat
