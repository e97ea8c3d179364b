#pragma once

#include "config/config.hpp"
#include "core/aggregate.hpp"
#include "device/battery_json.hpp"
#include "link/mqtt_client.hpp"
#include "runtime/rate_limit.hpp"

#include <map>

namespace vbat {

// One broker and the batteries that speak through it: their messages become samples of their members.
class MqttSource {
public:
    struct Feed {
        Member* member;
        Maybe<AmpereHours> configured_capacity{};
        std::string last_payload{};
        std::string last_retained{};
    };
    using Feeds = std::map<std::string, Feed>; // by topic

    // `changed` is called for each message that gave a member a new sample; in a burst once for many.
    MqttSource(EventLoop& loop, const BrokerConfig& broker, std::string client_id, std::span<const Member> bank,
               Feeds feeds, std::function<void()> changed);

private:
    void take_in(const std::vector<MqttMessage>& messages);
    bool take_in(const MqttMessage& message, Feed& feed, TimePoint now);
    void begin_anew(Feed& feed, TimePoint now) const;
    void complain(const std::string& topic, const DecodedJson::Problem& problem, TimePoint now);

    std::span<const Member> bank_; // all members, those of other brokers, too
    Feeds feeds_;
    std::function<void()> changed_;
    RateLimit complaints_;
    MqttClient client_; // last: its thread delivers to the others
};

} // namespace vbat
