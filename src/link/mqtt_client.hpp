#pragma once

#include "runtime/event_loop.hpp"
#include "runtime/inbox.hpp"

#include <atomic>
#include <condition_variable>
#include <cstdint>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
#include <thread>
#include <vector>

struct mosquitto;

namespace vbat {

struct MqttTls {
    std::string ca_file{};
    std::string cert_file{}; // empty: no client certificate
    std::string key_file{};
    bool any_host_name{}; // the certificate may be for another host
};

struct MqttSettings {
    std::string host{};
    std::uint16_t port{};
    std::string client_id{};
    std::string username{}; // empty: anonymous
    std::string password{};
    std::optional<MqttTls> tls{};
    std::vector<std::string> topics{};
};

struct MqttMessage {
    std::string topic{};
    std::string payload{}; // empty when it was too large
    std::size_t size{};
    bool retained{}; // stored by the broker, of unknown age
};

inline constexpr std::size_t max_mqtt_payload = 65536;

// A subscriber on a thread of its own: connects, and connects again for ever (1 s, 2 s, ... 30 s between two attempts),
// subscribes to the topics and delivers their messages on the loop, in order, several per turn when they come in a
// burst.
class MqttClient {
public:
    using Deliver = std::function<void(std::vector<MqttMessage>)>;

    // Throws std::runtime_error when the settings cannot be used at all (a certificate file that cannot be read).
    MqttClient(EventLoop& loop, MqttSettings settings, Deliver deliver);
    ~MqttClient();
    MqttClient(const MqttClient&) = delete;
    MqttClient& operator=(const MqttClient&) = delete;

private:
    friend struct MqttCallbacks;

    void configure();
    void run(const std::stop_token& stop);
    std::string serve_one_connection(const std::stop_token& stop);
    void report_failure(const std::string& why);
    void on_connected(int refusal);
    void on_subscribed(int request, bool granted);

    MqttSettings settings_;
    std::string where_; // "MQTT broker 10.0.0.5:1883"
    Inbox<MqttMessage> inbox_;
    std::unique_ptr<mosquitto, void (*)(mosquitto*)> client_;
    // All below belong to the thread.
    std::stop_token stop_{};
    bool connected_ = false;
    std::string refusal_{}; // the broker's reason, or TLS'
    std::map<int, std::string> subscriptions_{};
    std::string last_failure_{};
    int failures_ = 0;
    TimePoint failing_since_{};
    TimePoint connected_at_{};
    std::mutex sleep_mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_; // last: it uses the others
};

} // namespace vbat
