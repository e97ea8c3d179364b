// Any answers in any order to a battery of each family: blocks, exceptions, new connections, time. Whatever is said of
// it must be publishable: within its row of battery_fields, as text short and printable.
#include "core/battery_fields.hpp"
#include "device/catalogue.hpp"
#include "device/modbus_battery.hpp"

#include <cmath>
#include <cstdio>
#include <cstdlib>

namespace {

using namespace vbat;

void check(bool holds, std::string_view what) {
    if (holds) return;
    std::fprintf(stderr, "%.*s\n", static_cast<int>(what.size()), what.data());
    std::abort();
}

class Bytes {
public:
    Bytes(const std::uint8_t* data, std::size_t size) : rest_{data, size} {}

    bool any() const { return !rest_.empty(); }
    std::uint16_t next() {
        if (rest_.empty()) return 0;
        const std::uint8_t byte = rest_.front();
        rest_ = rest_.subspan(1);
        return byte;
    }
    std::uint16_t word() {
        const std::uint16_t high = next();
        return static_cast<std::uint16_t>(high << 8 | next());
    }

private:
    std::span<const std::uint8_t> rest_;
};

bool is_printable(const std::string& text) {
    return std::all_of(text.begin(), text.end(), [](char letter) { return letter >= ' ' && letter <= '~'; });
}

void check_text(const std::string& text, Range length, std::string_view what) {
    check(is_printable(text) && static_cast<double>(text.size()) <= length.max, what);
}

void check_publishable(const BatterySample& sample) {
    for (const Field& field : battery_fields) {
        const Value value = field.load(sample);
        if (const auto* number = std::get_if<double>(&value)) {
            check(*number >= field.range.min && *number <= field.range.max, field.path);
            check(*number != 0 || !std::signbit(*number), field.path);
            if (field.never_positive) check(*number <= 0, field.path);
        }
        if (const auto* whole = std::get_if<std::int32_t>(&value))
            check(*whole >= field.range.min && *whole <= field.range.max, field.path);
        if (const auto* text = std::get_if<std::string>(&value)) check_text(*text, field.range, field.path);
    }
}

constexpr std::string_view names[] = {"VNSE3-0", "VNSA-0", "VNSD-0", "HMG-50", "XYZ"};

// The fuzzer would not find a name by itself.
std::vector<std::uint16_t> name_reply(std::string_view name) {
    std::vector<std::uint16_t> words(10);
    for (std::size_t i = 0; i < name.size(); ++i)
        words[i / 2] = static_cast<std::uint16_t>(words[i / 2] | static_cast<std::uint8_t>(name[i]) << (i % 2 ? 0 : 8));
    return words;
}

ModbusBatterySetup setup_of(std::uint16_t byte) {
    ModbusBatterySetup setup;
    const auto models = modbus_models();
    if (byte & 1) setup.family = models[byte / 8 % models.size()]->family;
    if (byte & 2) setup.model = models[byte / 8 % models.size()]->variant;
    if (byte & 4) setup.capacity = WattHours{5000};
    if (byte & 128) setup.poll = std::chrono::milliseconds{500};
    return setup;
}

Poll chosen(const ModbusBattery& battery, Bytes& bytes) {
    const auto& polls = battery.polls();
    check(!polls.empty(), "polls");
    return polls[bytes.next() % polls.size()];
}

void answer(ModbusBattery& battery, Block block, Bytes& bytes, TimePoint now) {
    std::vector<std::uint16_t> values;
    for (int i = 0; i < block.count; ++i) values.push_back(bytes.word());
    battery.take(block, values, now);
}

void step(ModbusBattery& battery, Bytes& bytes, TimePoint& now) {
    switch (bytes.next() % 8) {
    case 0:
        now += std::chrono::seconds{bytes.next() * 4};
        break;
    case 1:
        battery.reconnected();
        break;
    case 2:
        battery.refused(chosen(battery, bytes).block, bytes.next(), now);
        break;
    case 3:
        answer(battery, {bytes.word(), bytes.next()}, bytes, now);
        break;
    case 4:
        battery.take({31000, 10}, name_reply(names[bytes.next() % std::size(names)]), now);
        break;
    default:
        answer(battery, chosen(battery, bytes).block, bytes, now);
    }
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    Bytes bytes{data, size};
    ModbusBattery battery{setup_of(bytes.next())};
    TimePoint now{std::chrono::hours{12}};
    while (bytes.any()) {
        step(battery, bytes, now);
        if (const auto sample = battery.sample(now)) check_publishable(*sample);
        check_text(battery.problem(), {0, 400}, "problem");
        check_text(battery.device_name(), {0, 20}, "name");
        check(battery.polls().size() < 60, "polls");
    }
    return 0;
}
