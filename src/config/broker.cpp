#include "config/broker.hpp"

#include "config/checks.hpp"
#include "config/files.hpp"
#include "config/wording.hpp"
#include "runtime/text.hpp"

namespace vbat {
namespace {

constexpr std::uint16_t plain_port = 1883;
constexpr std::uint16_t tls_port = 8883;

using GivenText = Given<std::string>;

// The text of a key that is there and not empty, else nullptr.
const GivenText* filled(const Text& key) { return key && !key->value.empty() ? &*key : nullptr; }

bool is_own(const Text& key) { return key && !key->origin.inherited; }
bool is_yes(const Flag& key) { return key && key->value; }

// [MQTT] is nearer than DEFAULT: what both sections inherit from there must not hide what [MQTT] says.
template <class Key>
void inherit_key(Key& key, const Key& from_mqtt) {
    if (from_mqtt && (!key || key->origin.inherited)) key = from_mqtt;
}

// The two are alternatives: who has one does not take the other from elsewhere.
void inherit_password(BrokerKeys& keys, const BrokerKeys& mqtt) {
    if (!is_own(keys.password) && !is_own(keys.password_file)) {
        inherit_key(keys.password, mqtt.password);
        inherit_key(keys.password_file, mqtt.password_file);
        return;
    }
    if (!is_own(keys.password)) keys.password.reset();
    if (!is_own(keys.password_file)) keys.password_file.reset();
}

void report(const GivenText& key, const std::string& what, Mistakes& mistakes) {
    mistakes.add(key.origin.line, key.origin.where + what);
}

std::string shown(const GivenText& path) { return path.origin.secret ? "'***'" : in_quotes(path.value); }

// The path of a file that libmosquitto will open later; empty when none is named.
std::string checked_file(const Text& key, const std::filesystem::path& folder, Mistakes& mistakes) {
    const GivenText* const path = filled(key);
    if (path == nullptr) return "";
    const auto file = folder / path->value;
    const std::string obstacle = read_obstacle(file);
    if (!obstacle.empty()) report(*path, text(shown(*path), " cannot be read: ", obstacle), mistakes);
    return file.string();
}

void check_client_certificate(const BrokerKeys& keys, Mistakes& mistakes) {
    const GivenText* const cert = filled(keys.tls_path_to_cert);
    const GivenText* const key = filled(keys.tls_path_to_key);
    if (cert != nullptr && key == nullptr) report(*cert, "needs tls_path_to_key beside it", mistakes);
    if (cert == nullptr && key != nullptr) report(*key, "needs tls_path_to_cert beside it", mistakes);
}

// Without TLS its other keys are not looked at, as in dbus-mqtt-battery: users switch TLS off by tls_enabled alone.
TlsConfig make_tls(const BrokerKeys& keys, const std::filesystem::path& folder, Mistakes& mistakes) {
    if (!is_yes(keys.tls_enabled)) return {};
    check_client_certificate(keys, mistakes);
    return {
        .enabled = true,
        .ca_file = checked_file(keys.tls_path_to_ca, folder, mistakes),
        .cert_file = checked_file(keys.tls_path_to_cert, folder, mistakes),
        .key_file = checked_file(keys.tls_path_to_key, folder, mistakes),
        .insecure = is_yes(keys.tls_insecure),
    };
}

void check_password_file(const GivenText& file, const BrokerKeys& keys, Mistakes& mistakes) {
    if (const GivenText* const password = filled(keys.password)) {
        report(file, text("password is set too, in line ", password->origin.line, "; keep one"), mistakes);
    } else if (!keys.username) {
        report(file, "needs username beside it", mistakes);
    }
}

std::string read_password(const BrokerKeys& keys, const std::filesystem::path& folder, Mistakes& mistakes) {
    const GivenText* const file = filled(keys.password_file);
    if (file == nullptr) return keys.password ? keys.password->value : "";
    check_password_file(*file, keys, mistakes);
    const FirstLine line = read_first_line(folder / file->value);
    if (!line.obstacle.empty()) report(*file, text(shown(*file), " cannot be used: ", line.obstacle), mistakes);
    return line.text;
}

// A user name without a password means anonymous, as in dbus-mqtt-battery.
void add_login(BrokerConfig& broker, const BrokerKeys& keys, const std::filesystem::path& folder, Mistakes& mistakes) {
    const std::string password = read_password(keys, folder, mistakes);
    const GivenText* const username = filled(keys.username);
    if (username == nullptr || password.empty()) return;
    broker.username = username->value;
    broker.password = password;
}

} // namespace

void inherit(BrokerKeys& keys, const BrokerKeys& mqtt) {
    inherit_key(keys.address, mqtt.address);
    inherit_key(keys.port, mqtt.port);
    inherit_key(keys.tls_enabled, mqtt.tls_enabled);
    inherit_key(keys.tls_path_to_ca, mqtt.tls_path_to_ca);
    inherit_key(keys.tls_insecure, mqtt.tls_insecure);
    inherit_key(keys.tls_path_to_cert, mqtt.tls_path_to_cert);
    inherit_key(keys.tls_path_to_key, mqtt.tls_path_to_key);
    inherit_key(keys.username, mqtt.username);
    inherit_password(keys, mqtt);
}

BrokerConfig make_broker(const BrokerKeys& keys, const std::filesystem::path& folder, Mistakes& mistakes) {
    BrokerConfig broker{.host = keys.address ? without_brackets(keys.address->value) : ""};
    broker.tls = make_tls(keys, folder, mistakes);
    broker.port = broker.tls.enabled ? tls_port : plain_port;
    if (keys.port) broker.port = static_cast<std::uint16_t>(keys.port->value);
    add_login(broker, keys, folder, mistakes);
    return broker;
}

} // namespace vbat
