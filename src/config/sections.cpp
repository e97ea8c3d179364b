#include "config/sections.hpp"

#include "config/battery_type.hpp"
#include "config/broker.hpp"
#include "config/checks.hpp"
#include "config/option_tables.hpp"
#include "config/section_reader.hpp"
#include "config/unknown.hpp"
#include "config/utf8.hpp"
#include "config/wording.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <string_view>

namespace vbat {
namespace {

class Sections {
public:
    Sections(const IniFile& file, Mistakes& mistakes) : file_{file}, mistakes_{mistakes} {}

    Draft read();

private:
    const IniSection& section(const std::string& name);
    SectionReader reader(const IniSection& section) { return {file_, section, used_, mistakes_}; }
    void read_mqtt(const IniSection& section);
    void read_battery(const IniSection& section);
    void report_keys_without_topic(const BatteryKeys& keys);

    const IniFile& file_;
    Mistakes& mistakes_;
    UsedValues used_;
    Draft draft_;
    BrokerKeys mqtt_;    // what a battery uses when it does not say otherwise
    IniSection nothing_; // a section that is not there: it inherits from DEFAULT all the same
};

Draft Sections::read() {
    const auto is_known = [](const IniSection& each) { return is_known_section(each.name); };
    draft_.complete = file_.complete && std::ranges::all_of(file_.sections, is_known);
    reader(file_.defaults).read(default_options(), draft_.defaults);
    reader(section("TIME_TO_GO")).read(time_to_go_options(), draft_.time_to_go);
    reader(section("MQTT")).read(broker_options(), mqtt_);
    for (const auto& each : file_.sections) {
        if (each.name == "MQTT") read_mqtt(each);
        if (is_battery_section(each.name)) read_battery(each);
    }
    // last, because only now it is known which keys others refer to
    report_unknown(file_, used_, mistakes_);
    return draft_;
}

const IniSection& Sections::section(const std::string& name) {
    const auto found = std::ranges::find(file_.sections, name, &IniSection::name);
    return found == file_.sections.end() ? nothing_ : *found;
}

// A topic in [MQTT] is a battery of its own, as in dbus-mqtt-battery.
void Sections::read_mqtt(const IniSection& section) {
    BatteryKeys keys;
    reader(section).read(member_options(), keys);
    if (keys.topic) draft_.batteries.push_back({"mqtt", "[MQTT]", section.line, keys, mqtt_, {}, BatteryType::mqtt});
    else if (draft_.complete) report_keys_without_topic(keys);
}

void Sections::report_keys_without_topic(const BatteryKeys& keys) {
    const auto report = [&](const auto& key) {
        if (!key || key->origin.inherited) return;
        mistakes_.add(key->origin.line, key->origin.where + "has no effect without a topic in [MQTT]; write it in "
                                                            "[DEFAULT] for all batteries or in [battery NAME]");
    };
    report(keys.coupling);
    report(keys.capacity_wh);
    report(keys.nominal_voltage_v);
}

void Sections::read_battery(const IniSection& section) {
    const std::string name{strip(std::string_view{section.name}.substr(std::string_view{"battery"}.size()))};
    BatteryDraft battery{name, text('[', plain(section.name), ']'), section.line, {}, {}, {}, {}};
    if (const auto mistake = battery_name_mistake(name); !mistake.empty())
        mistakes_.add(section.line, battery.section + ' ' + mistake);
    reader(section).read(battery_options(), battery.keys);
    reader(section).read(member_options(), battery.keys);
    reader(section).read(broker_options(), battery.broker);
    reader(section).read(modbus_options(), battery.modbus);
    settle_type(battery, mistakes_);
    if (battery.type == BatteryType::mqtt) inherit(battery.broker, mqtt_);
    draft_.batteries.push_back(battery);
}

} // namespace

Draft read_sections(const IniFile& file, Mistakes& mistakes) { return Sections{file, mistakes}.read(); }

} // namespace vbat
