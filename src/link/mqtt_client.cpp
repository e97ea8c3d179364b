#include "link/mqtt_client.hpp"

#include "runtime/log.hpp"
#include "runtime/text.hpp"

#include <mosquitto.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

namespace vbat {

using namespace std::chrono_literals;
using std::chrono::steady_clock;

namespace {

constexpr auto connect_timeout = 15s;
constexpr auto stable_after = 10s; // a connection that lives this long was a good one: the next wait is short again
constexpr int keepalive_s = 30;
constexpr int sleep_ms = 10000; // the library wakes earlier for messages and for its own pings
constexpr int sleep_while_connecting_ms = 1000;
constexpr std::size_t inbox_size = 64; // of up to 64 kB each

// Process-wide, and before the first client.
struct Library {
    Library() { mosquitto_lib_init(); }
    ~Library() { mosquitto_lib_cleanup(); }
    Library(const Library&) = delete;
    Library& operator=(const Library&) = delete;
};

void checked(int result, const std::string& what) {
    if (result == MOSQ_ERR_SUCCESS) return;
    throw std::runtime_error{what + ": " +
                             (result == MOSQ_ERR_ERRNO ? std::strerror(errno) : mosquitto_strerror(result))};
}

// What a user can do about a refused CONNECT (MQTT 3.1.1, return codes of CONNACK).
std::string refusal_text(int code) {
    switch (code) {
    case 4:
        return "wrong user name or password";
    case 5:
        return "not authorised: check username and password";
    default:
        return mosquitto_connack_string(code);
    }
}

// A broker that collects small packets (Nagle's algorithm, mosquitto's default) sends the next message only when this
// one is acknowledged, which Linux delays by up to 40 ms. The flag does not last, so it is set after each message.
void acknowledge_at_once(int socket) {
    const int on = 1;
    setsockopt(socket, IPPROTO_TCP, TCP_QUICKACK, &on, sizeof on); // of a socket that just closed: no matter
}

// The library's lines about TLS in words that help; empty for all others. The host name is reported before the
// "OpenSSL Error[0]: error:0A000086:SSL routines::certificate verify failed" that follows from it.
std::string tls_trouble(std::string_view line) {
    if (line.find("host name verification failed") != std::string_view::npos)
        return "its certificate is for another host name; tls_insecure = 1 would accept that";
    if (!line.starts_with("OpenSSL Error")) return {};
    const std::string reason{line.substr(line.rfind(':') + 1)};
    return "TLS: " + reason +
           (reason == "certificate verify failed" ? "; is tls_path_to_ca the CA that signed it?" : "");
}

std::string library_text(int result) {
    std::string words = mosquitto_strerror(result);
    if (words.ends_with('.')) words.pop_back();
    return words;
}

const char* or_null(const std::string& text) { return text.empty() ? nullptr : text.c_str(); }

Duration wait_before(int attempt) { return std::min<Duration>(30s, 1s * (1 << std::min(attempt, 5))); }

} // namespace

// The C library's door to the private members. noexcept: nothing may unwind through its frames.
struct MqttCallbacks {
    static MqttClient& self(void* user) { return *static_cast<MqttClient*>(user); }

    static void connected(mosquitto*, void* user, int refusal) noexcept { self(user).on_connected(refusal); }

    static void subscribed(mosquitto*, void* user, int request, int count, const int* granted) noexcept {
        constexpr int refused = 128;
        self(user).on_subscribed(request, count > 0 && granted[0] != refused);
    }

    static void message(mosquitto*, void* user, const mosquitto_message* message) noexcept {
        const auto size = static_cast<std::size_t>(message->payloadlen);
        MqttMessage received{.topic = message->topic, .payload = {}, .size = size, .retained = message->retain};
        if (size <= max_mqtt_payload) received.payload.assign(static_cast<const char*>(message->payload), size);
        self(user).inbox_.put(std::move(received), self(user).stop_);
        acknowledge_at_once(mosquitto_socket(self(user).client_.get()));
    }

    static void trouble(mosquitto*, void* user, int /*level*/, const char* line) noexcept {
        if (self(user).refusal_.empty()) self(user).refusal_ = tls_trouble(line);
    }
};

MqttClient::MqttClient(EventLoop& loop, MqttSettings settings, Deliver deliver)
    : settings_{std::move(settings)}, where_{text("MQTT broker ", settings_.host, ':', settings_.port)},
      inbox_{loop, inbox_size, std::move(deliver)}, client_{nullptr, mosquitto_destroy} {
    static const Library library;
    client_.reset(mosquitto_new(settings_.client_id.c_str(), true, this));
    if (!client_) throw std::runtime_error{where_ + ": " + std::strerror(errno)};
    configure();
    thread_ = std::jthread{[this](const std::stop_token& stop) { run(stop); }};
}

MqttClient::~MqttClient() {
    thread_.request_stop();
    mosquitto_log_callback_set(client_.get(), nullptr); // the next call logs from this thread, into the other's members
    mosquitto_disconnect(client_.get());                // wakes the thread out of mosquitto_loop()
    thread_.join();                                     // before the members it uses
}

void MqttClient::configure() {
    mosquitto_threaded_set(client_.get(), true);
    mosquitto_connect_callback_set(client_.get(), MqttCallbacks::connected);
    mosquitto_subscribe_callback_set(client_.get(), MqttCallbacks::subscribed);
    mosquitto_message_callback_set(client_.get(), MqttCallbacks::message);
    mosquitto_log_callback_set(client_.get(), MqttCallbacks::trouble);
    if (!settings_.username.empty())
        checked(mosquitto_username_pw_set(client_.get(), settings_.username.c_str(), or_null(settings_.password)),
                where_ + ": user name");
    if (!settings_.tls) return;
    const MqttTls& tls = *settings_.tls;
    checked(mosquitto_tls_set(client_.get(), tls.ca_file.c_str(), nullptr, or_null(tls.cert_file),
                              or_null(tls.key_file), nullptr),
            text(where_, ": TLS with ", tls.ca_file, ' ', tls.cert_file, ' ', tls.key_file));
    checked(mosquitto_tls_insecure_set(client_.get(), tls.any_host_name), where_ + ": TLS");
}

void MqttClient::run(const std::stop_token& stop) {
    stop_ = stop;
    int attempt = 0;
    while (!stop.stop_requested()) {
        connected_at_ = {};
        const std::string failure = serve_one_connection(stop);
        if (stop.stop_requested()) return;
        if (connected_at_ != TimePoint{} && steady_clock::now() - connected_at_ > stable_after) attempt = 0;
        report_failure(failure);
        std::unique_lock lock{sleep_mutex_};
        wake_.wait_for(lock, stop, wait_before(attempt++), [] { return false; });
    }
}

// Returns why it ended.
std::string MqttClient::serve_one_connection(const std::stop_token& stop) {
    connected_ = false;
    refusal_.clear();
    subscriptions_.clear();
    // Not the asynchronous one: it tries only the first address of a name that has several.
    int result = mosquitto_connect(client_.get(), settings_.host.c_str(), settings_.port, keepalive_s);
    const auto started = steady_clock::now();
    while (result == MOSQ_ERR_SUCCESS && !stop.stop_requested()) {
        if (!connected_ && steady_clock::now() - started > connect_timeout) return "no answer";
        result = mosquitto_loop(client_.get(), connected_ ? sleep_ms : sleep_while_connecting_ms, 1);
    }
    const int error = errno;
    connected_ = false;
    if (!refusal_.empty()) return refusal_;
    return result == MOSQ_ERR_ERRNO ? std::strerror(error) : library_text(result);
}

// Transitions, not states: a broker that is away for a day is two lines, not 2880.
void MqttClient::report_failure(const std::string& why) {
    if (failures_++ == 0) failing_since_ = steady_clock::now();
    if (why == last_failure_) return;
    last_failure_ = why;
    log_warning(where_ + ": " + why + "; trying again");
}

void MqttClient::on_connected(int refusal) {
    if (refusal != 0) {
        refusal_ = refusal_text(refusal);
        return;
    }
    connected_ = true;
    connected_at_ = steady_clock::now();
    if (failures_ == 0) log_info(where_ + ": connected");
    else {
        const auto away = std::chrono::duration_cast<std::chrono::seconds>(connected_at_ - failing_since_).count();
        log_warning(text(where_, ": connected again after ", away, " s, ", failures_, " attempts failed"));
    }
    failures_ = 0;
    last_failure_.clear();
    for (const std::string& topic : settings_.topics) {
        int request = 0;
        if (mosquitto_subscribe(client_.get(), &request, topic.c_str(), 0) == MOSQ_ERR_SUCCESS)
            subscriptions_[request] = topic;
    }
}

void MqttClient::on_subscribed(int request, bool granted) {
    if (!granted) log_error(text(where_, ": refuses the subscription of topic ", subscriptions_[request]));
}

} // namespace vbat
