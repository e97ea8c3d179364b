#include "config/option_tables.hpp"

#include "config/checks.hpp"
#include "config/modbus_address_text.hpp"
#include "config/model_names.hpp"

namespace vbat {
namespace {

const std::string known_types = type_names();
const std::string known_families = "auto, " + family_names();
const std::string known_models = "auto, " + variant_names();

// key, where it goes, what it accepts, default

const Option<DefaultKeys> default_rows[]{
    {"logging", &DefaultKeys::logging, words("ERROR, WARNING, INFO or DEBUG", log_level_mistake), "WARNING"},
    {"device_name", &DefaultKeys::device_name, lines_of_words("any text", blank_mistake), "Virtual Battery"},
    {"device_instance", &DefaultKeys::device_instance, whole_number(0, 65535), "100, with AC-coupled batteries 600"},
    {"timeout", &DefaultKeys::timeout, whole_number(0, 86400, "seconds"), "60"},
    {"publish_members", &DefaultKeys::publish_members, words("yes or no"), "no"},
};

const Option<TimeToGoKeys> time_to_go_rows[]{
    {"enabled", &TimeToGoKeys::enabled, yes_or_no, "1"},
    {"soc", &TimeToGoKeys::soc, number(0, 100, "percent"), "10"},
    // Oftener than every 5 seconds is only load: the power is averaged over this time.
    {"recalculate_every", &TimeToGoKeys::recalculate_every, whole_number(5, 86400, "seconds"), "300"},
};

const Option<BrokerKeys> broker_rows[]{
    {"broker_address", &BrokerKeys::address, words("host name or IP address", host_mistake), "none"},
    {"broker_port", &BrokerKeys::port, whole_number(1, 65535), "1883, with TLS 8883"},
    {"tls_enabled", &BrokerKeys::tls_enabled, yes_or_no, "0"},
    {"tls_path_to_ca", &BrokerKeys::tls_path_to_ca, words("path of a PEM file"), "the system's certificates"},
    {"tls_insecure", &BrokerKeys::tls_insecure, yes_or_no, "0"},
    {"tls_path_to_cert", &BrokerKeys::tls_path_to_cert, words("path of a PEM file"), "none"},
    {"tls_path_to_key", &BrokerKeys::tls_path_to_key, words("path of a PEM file"), "none"},
    {"username", &BrokerKeys::username, words("any text"), "none"},
    {"password", &BrokerKeys::password, words("any text"), "none"},
    {"password_file", &BrokerKeys::password_file, words("path of a text file"), "none"},
};

const Option<BatteryKeys> member_rows[]{
    {"topic", &BatteryKeys::topic, words("any text without + and #", topic_mistake), "none"},
    {"coupling", &BatteryKeys::coupling, words("dc or ac", coupling_mistake), "dc, of a Marstek ac"},
    {"capacity_wh", &BatteryKeys::capacity_wh, number(1, 10000000, "Wh"), "unknown"},
    {"nominal_voltage_v", &BatteryKeys::nominal_voltage_v, number(1, 1000, "V"), "51.2, of a Marstek by model"},
};

const Option<BatteryKeys> battery_rows[]{
    {"type", &BatteryKeys::type, words(known_types, type_mistake), "mqtt"},
};

const Option<ModbusKeys> modbus_rows[]{
    {"address", &ModbusKeys::address, words("host[:port] or /dev/...", address_mistake), "none"},
    {"port", &ModbusKeys::port, whole_number(1, 65535), "502"},
    {"serial", &ModbusKeys::serial, words("/dev/...", serial_mistake), "none"},
    {"framing", &ModbusKeys::framing, words("tcp, rtuovertcp or rtu", framing_mistake), "tcp, of a serial device rtu"},
    {"unit_id", &ModbusKeys::unit_id, whole_number(1, 255), "1"},
    {"family", &ModbusKeys::family, words(known_families, family_mistake), "auto"},
    {"model", &ModbusKeys::model, words(known_models, model_mistake), "auto"},
    {"poll_s", &ModbusKeys::poll_s, number(1, 60, "seconds"), "by family"},
    {"gap_ms", &ModbusKeys::gap_ms, whole_number(80, 1000, "ms"), "by family"},
};

template <class Draft>
void append(std::vector<KnownKey>& keys, std::string_view section, std::span<const Option<Draft>> rows) {
    for (const auto& row : rows) keys.push_back({section, row.key, range_text(row.rule), row.fallback});
}

std::vector<KnownKey> collect_known_keys() {
    std::vector<KnownKey> keys;
    append(keys, "DEFAULT", default_options());
    append(keys, "TIME_TO_GO", time_to_go_options());
    append(keys, "MQTT", broker_options());
    append(keys, "MQTT", member_options());
    append(keys, battery_section, battery_options());
    append(keys, battery_section, member_options());
    append(keys, battery_section, broker_options());
    append(keys, battery_section, modbus_options());
    return keys;
}

} // namespace

std::span<const Option<DefaultKeys>> default_options() { return default_rows; }
std::span<const Option<TimeToGoKeys>> time_to_go_options() { return time_to_go_rows; }
std::span<const Option<BrokerKeys>> broker_options() { return broker_rows; }
std::span<const Option<BatteryKeys>> member_options() { return member_rows; }
std::span<const Option<BatteryKeys>> battery_options() { return battery_rows; }
std::span<const Option<ModbusKeys>> modbus_options() { return modbus_rows; }

const std::vector<KnownKey>& known_keys() {
    static const std::vector<KnownKey> keys = collect_known_keys();
    return keys;
}

} // namespace vbat
