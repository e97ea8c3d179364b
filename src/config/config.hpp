#pragma once

#include "core/quantity.hpp"
#include "core/sample.hpp"
#include "runtime/log.hpp"

#include <chrono>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <string>
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

struct BatteryConfig {
    std::string name{};
    BrokerConfig broker{};
    std::string topic{};
    Coupling coupling{Coupling::dc};
    std::optional<WattHours> capacity{};
    Volts nominal_voltage{51.2}; // converts capacity_wh into Ah
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
