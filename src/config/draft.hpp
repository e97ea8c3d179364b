#pragma once

#include "config/config.hpp"
#include "config/option.hpp"

#include <string>
#include <vector>

namespace vbat {

// What the sections say, key by key, before defaults are filled in and one section is compared with another.

struct DefaultKeys {
    Text logging{};
    Text device_name{};
    Number device_instance{};
    Number timeout{};
    Flag publish_members{};
};

struct TimeToGoKeys {
    Flag enabled{};
    Number soc{};
    Number recalculate_every{};
};

struct BrokerKeys {
    Text address{};
    Number port{};
    Flag tls_enabled{};
    Text tls_path_to_ca{};
    Flag tls_insecure{};
    Text tls_path_to_cert{};
    Text tls_path_to_key{};
    Text username{};
    Text password{};
    Text password_file{};
};

struct BatteryKeys {
    Text type{};
    Text topic{};
    Text coupling{};
    Number capacity_wh{};
    Number nominal_voltage_v{};
};

struct ModbusKeys {
    Text address{};
    Number port{};
    Text serial{};
    Text framing{};
    Number unit_id{};
    Text family{};
    Text model{};
    Number poll_s{};
    Number gap_ms{};
};

struct BatteryDraft {
    std::string name{};
    std::string section{}; // "[battery left]"
    int line{};            // of the section
    BatteryKeys keys{};
    BrokerKeys broker{};               // with BatteryType::mqtt
    ModbusKeys modbus{};               // with BatteryType::marstek_modbus
    std::optional<BatteryType> type{}; // nullopt: not clear which is meant, which was reported
};

struct Draft {
    DefaultKeys defaults{};
    TimeToGoKeys time_to_go{};
    std::vector<BatteryDraft> batteries{};
    bool complete{true}; // false: something could not be read, so what seems missing may be there
};

} // namespace vbat
