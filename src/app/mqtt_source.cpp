#include "app/mqtt_source.hpp"

#include "core/battery_message.hpp"
#include "runtime/log.hpp"
#include "runtime/text.hpp"

namespace vbat {
namespace {

using namespace std::chrono_literals;

constexpr auto complaint_period = 5min;
constexpr std::size_t burst_size = 8;

// The bundle for Venus OS brings its own OpenSSL, which does not know where the system keeps its certificates.
constexpr const char* system_certificates = "/etc/ssl/certs/ca-certificates.crt";

std::optional<MqttTls> tls_of(const TlsConfig& tls) {
    if (!tls.enabled) return std::nullopt;
    return MqttTls{.ca_file = tls.ca_file.empty() ? system_certificates : tls.ca_file,
                   .cert_file = tls.cert_file,
                   .key_file = tls.key_file,
                   .any_host_name = tls.insecure};
}

MqttSettings settings_of(const BrokerConfig& broker, std::string client_id, const MqttSource::Feeds& feeds) {
    MqttSettings settings{.host = broker.host,
                          .port = broker.port,
                          .client_id = std::move(client_id),
                          .username = broker.username,
                          .password = broker.password,
                          .tls = tls_of(broker.tls)};
    for (const auto& [topic, feed] : feeds) settings.topics.push_back(topic);
    return settings;
}

} // namespace

MqttSource::MqttSource(EventLoop& loop, const BrokerConfig& broker, std::string client_id, std::span<const Member> bank,
                       Feeds feeds, std::function<void()> changed)
    : bank_{bank}, feeds_{std::move(feeds)}, changed_{std::move(changed)},
      complaints_{complaint_period}, client_{loop, settings_of(broker, std::move(client_id), feeds_),
                                             [this](const std::vector<MqttMessage>& messages) { take_in(messages); }} {}

// Messages that merely came close together are shown one by one, so that every value is signalled; of a burst, what it
// ends with.
void MqttSource::take_in(const std::vector<MqttMessage>& messages) {
    const TimePoint now = EventLoop::now();
    const bool burst = messages.size() > burst_size;
    bool any = false;
    for (const MqttMessage& message : messages) {
        const auto feed = feeds_.find(message.topic);
        const bool news = feed != feeds_.end() && take_in(message, feed->second, now);
        if (news && !burst) changed_();
        any |= news;
    }
    if (any && burst) changed_();
}

bool MqttSource::take_in(const MqttMessage& message, Feed& feed, TimePoint now) {
    if (message.size > max_mqtt_payload) {
        complain(message.topic,
                 {"", text("message refused, ", message.size, " bytes are more than ", max_mqtt_payload)}, now);
        return false;
    }
    // After each reconnect the broker sends what it has stored: news once, but no sign of life the second time.
    if (message.retained && (message.payload == feed.last_payload || message.payload == feed.last_retained))
        return false;
    (message.retained ? feed.last_retained : feed.last_payload) = message.payload;

    const DecodedJson decoded = decode_battery_json(message.payload);
    for (const auto& problem : decoded.problems) complain(message.topic, problem, now);
    if (!decoded.message) return false;
    Member& member = *feed.member;
    if (!member.sample || is_lost(member, now)) begin_anew(feed, now);
    vbat::take_in(*member.sample, *decoded.message, feed.configured_capacity, now);
    if (log_wants(LogLevel::debug))
        log_debug(text("battery ", member.name, ": ", member.sample->power->value, " W, ",
                       member.sample->voltage->value, " V, ", member.sample->soc->value, " %"));
    return true;
}

// What was too old is forgotten. But what the broker keeps for this topic is still what its sender wants known: limits
// and sizes are often sent once, retained.
void MqttSource::begin_anew(Feed& feed, TimePoint now) const {
    feed.member->sample = known_after_silence(*feed.member, bank_, now);
    if (const auto kept = decode_battery_json(feed.last_retained).message)
        vbat::take_in(*feed.member->sample, *kept, feed.configured_capacity, now);
}

// Limited by topic and key, not by value: a wrong sensor changes its wrong value with every message.
void MqttSource::complain(const std::string& topic, const DecodedJson::Problem& problem, TimePoint now) {
    const auto held_back = complaints_.pass(topic + '\n' + problem.key, now);
    if (!held_back) return;
    log_warning(text("topic ", topic, ": ", problem.key, problem.key.empty() ? "" : ": ", problem.what,
                     *held_back == 0 ? "" : text(" (and ", *held_back, " times since the last such line)")));
}

} // namespace vbat
