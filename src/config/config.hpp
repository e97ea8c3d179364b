#pragma once

#include "core/quantity.hpp"
#include "core/sample.hpp"
#include "device/modbus_address.hpp"
#include "device/modbus_battery.hpp"
#include "runtime/log.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace vbat {

struct TlsConfig {
    bool enabled{};
    std::string ca_file{};   // empty: the system's certificates
    std::string cert_file{}; // client certificate; empty: none
    std::string key_file{};
    bool insecure{}; // accept a certificate for another host name

    bool operator==(const TlsConfig&) const = default;
};

// Two batteries with equal broker settings share one connection.
struct BrokerConfig {
    std::string host{};
    std::uint16_t port{1883};
    std::string username{}; // empty: anonymous
    std::string password{};
    TlsConfig tls{};

    bool operator==(const BrokerConfig&) const = default;
};

enum class BatteryType : std::uint8_t { mqtt, marstek_modbus };

std::string_view name_of(BatteryType type); // as the configuration writes it

struct ModbusConfig {
    ModbusAddress address{}; // equal addresses share one connection
    int unit_id{1};
    ModbusBatterySetup setup{};
};

struct BatteryConfig {
    std::string name{};
    BatteryType type{BatteryType::mqtt};
    BrokerConfig broker{};                // with BatteryType::mqtt
    std::string topic{};                  // with BatteryType::mqtt
    std::optional<ModbusConfig> modbus{}; // with BatteryType::marstek_modbus, and only there
    Coupling coupling{Coupling::dc};
    std::optional<WattHours> capacity{};
    std::optional<Volts> nominal_voltage{}; // converts capacity_wh into Ah; as configured
};

struct TimeToGoConfig {
    bool enabled{true};
    Percent soc{10}; // discharging counts down to this state of charge
    std::chrono::seconds recalculate_every{300};
};

struct Config {
    LogLevel logging{LogLevel::warning};
    std::string device_name{};
    int device_instance{};
    std::chrono::seconds timeout{60}; // 0: never
    TimeToGoConfig time_to_go{};
    bool publish_members{}; // each battery also appears on the bus by itself
    std::vector<BatteryConfig> batteries{};
};

// What is wrong with a configuration: all of it, one line each, with line numbers where a line exists.
class ConfigError : public std::runtime_error {
public:
    explicit ConfigError(std::vector<std::string> problems);
    const std::vector<std::string>& problems() const { return problems_; }

private:
    std::vector<std::string> problems_;
};

// Reads the text of a config.ini. Relative files named in it are looked up in `folder`.
Config load_config(const std::string& content, const std::filesystem::path& folder);

} // namespace vbat
