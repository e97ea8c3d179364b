#pragma once

#include "device/modbus_battery.hpp"
#include "device/modbus_identity.hpp"
#include "runtime/host.hpp"
#include "tests/support/batteries.hpp"

#include <nlohmann/json.hpp>

#include <map>
#include <set>

// Marstek batteries of the captures, and one that answers from its words.
namespace vbat::test {

using Words = std::map<std::uint16_t, std::uint16_t>;

inline const std::filesystem::path marstek_captures = std::filesystem::path{VBAT_SOURCE_DIR} / "tests/captures/marstek";

inline nlohmann::json marstek_capture(const std::string& name) {
    return nlohmann::json::parse(read_file(marstek_captures / (name + ".json")));
}

inline void put_s32(Words& words, std::uint16_t address, std::int32_t value) {
    words[address] = static_cast<std::uint16_t>(static_cast<std::uint32_t>(value) >> 16);
    words[static_cast<std::uint16_t>(address + 1)] = static_cast<std::uint16_t>(value);
}

inline void put_text(Words& words, std::uint16_t address, std::string_view text, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) {
        const auto letter = [&](std::size_t at) { return at < text.size() ? static_cast<std::uint8_t>(text[at]) : 0; };
        words[static_cast<std::uint16_t>(address + i)] =
            static_cast<std::uint16_t>(letter(2 * i) << 8 | letter(2 * i + 1));
    }
}

inline Words words_of(const nlohmann::json& capture) {
    Words words;
    if (capture.contains("registers"))
        for (const auto& [address, word] : capture["registers"].items())
            words[static_cast<std::uint16_t>(std::stoi(address))] = word.get<std::uint16_t>();
    if (capture.contains("registers_32bit"))
        for (const auto& [address, value] : capture["registers_32bit"].items())
            put_s32(words, static_cast<std::uint16_t>(std::stoi(address)), value.get<std::int32_t>());
    return words;
}

// Neighbours as one answer each: as if they had been asked so.
inline RegisterImage image_of(const Words& words) {
    RegisterImage image;
    for (auto first = words.begin(); first != words.end();) {
        std::vector<std::uint16_t> values;
        auto next = first;
        for (; next != words.end() && next->first == first->first + values.size(); ++next)
            values.push_back(next->second);
        image.put({first->first, static_cast<std::uint16_t>(values.size())}, values, noon, 1h);
        first = next;
    }
    return image;
}

inline BatterySample read_as(const ModbusModel& model, const Words& words) {
    const RegisterImage image = image_of(words);
    BatterySample sample;
    decode(model.registers, image, sample);
    model.refine(sample, image);
    return sample;
}

inline Words venus_d() { return words_of(marstek_capture("v3-d-fw150-charge-600w-backup-53w")); }

// Complete as far as it is asked.
inline Words venus_e3() {
    Words words = venus_d();
    put_text(words, 31000, "VNSE3-0", 10);
    for (std::uint16_t i = 34018; i < 34034; ++i) words[i] = static_cast<std::uint16_t>(3300 + i - 34018);
    words[30101] = 101;
    words[32105] = 5120;
    return words;
}

inline Words venus_e() {
    Words words{{32100, 5230}, {32101, 1000}, {32104, 55},     {32105, 5120}, {32200, 2345}, {32201, 0},
                {32204, 5000}, {35100, 3},    {42000, 0x55BB}, {31101, 153},  {31102, 213}};
    put_s32(words, 32102, -523);
    put_s32(words, 32202, 480);
    put_text(words, 31000, "HMG-50", 10);
    put_text(words, 30402, "020000000009", 6);
    return words;
}

// A battery at a wire: what is asked is answered from `words`, refused when a register is not there, or not answered.
class MarstekAtWire {
public:
    MarstekAtWire(Words known, ModbusBatterySetup setup = {}) : words{std::move(known)}, battery{std::move(setup)} {}

    // Asks what is due, once a second.
    void run(Duration duration) {
        for (const TimePoint end = now + duration; now < end; now += 1s) {
            bool asked = true;
            for (int round = 0; asked && round < 100; ++round) {
                asked = false;
                for (const Poll& poll : std::vector<Poll>{battery.polls()}) asked |= ask_when_due(poll);
            }
        }
    }

    Maybe<BatterySample> sample() { return battery.sample(now); }

    // The one that is there; fails when there is none.
    BatterySample seen() {
        const auto told = sample();
        REQUIRE(told.has_value());
        return *told;
    }

    bool asks(Block block) const {
        return std::any_of(battery.polls().begin(), battery.polls().end(),
                           [&](const Poll& poll) { return poll.block == block; });
    }

    int times_asked(Block block) const {
        const auto found = count_.find(block.address);
        return found == count_.end() ? 0 : found->second;
    }

    void reconnect() {
        due_.clear();
        battery.reconnected();
    }

    Words words;
    std::set<std::uint16_t> silent{}; // not answered
    bool is_dead = false;
    int exception = 2;
    ModbusBattery battery;
    TimePoint now = noon;

private:
    bool ask_when_due(const Poll& poll) {
        const auto key = std::tuple{poll.block.address, poll.block.count, poll.period.count()};
        const auto current = battery.polls();
        if (std::find(current.begin(), current.end(), poll) == current.end()) return false;
        if (due_.contains(key) && now < due_[key]) return false;
        due_[key] = now + poll.period;
        answer(poll.block);
        return true;
    }

    void answer(Block block) {
        ++count_[block.address];
        std::vector<std::uint16_t> values;
        for (int i = 0; i < block.count; ++i) {
            const auto address = static_cast<std::uint16_t>(block.address + i);
            if (is_dead || silent.contains(address)) return;
            if (words.contains(address)) values.push_back(words[address]);
        }
        if (values.size() == block.count) battery.take(block, values, now);
        else battery.refused(block, exception, now);
    }

    std::map<std::tuple<std::uint16_t, std::uint16_t, std::chrono::milliseconds::rep>, TimePoint> due_{};
    std::map<std::uint16_t, int> count_{};
};

inline bool says(const MarstekAtWire& device, std::string_view part) {
    INFO(device.battery.problem());
    const bool found = device.battery.problem().find(part) != std::string::npos;
    CHECK(found);
    return found;
}

} // namespace vbat::test
