#include "tools/simulator/pdu.hpp"

#include <algorithm>

namespace vbat::sim {
namespace {

constexpr std::uint8_t illegal_function = 1;
constexpr std::uint8_t illegal_address = 2;
constexpr std::uint8_t illegal_value = 3;

constexpr int v3_most_words = 32;
constexpr int v3_bridged_hole = 3;

int number_at(std::span<const std::uint8_t> pdu, std::size_t at) { return pdu[at] << 8 | pdu[at + 1]; }

Answer exception(std::uint8_t function, std::uint8_t code) {
    return {.pdu = {static_cast<std::uint8_t>(function | 0x80), code}, .unknown = code == illegal_address};
}

void append(Bytes& bytes, std::uint16_t word) {
    bytes.push_back(static_cast<std::uint8_t>(word >> 8));
    bytes.push_back(static_cast<std::uint8_t>(word & 0xFF));
}

// What it hangs on: README, "Traps".
bool hangs(const DeviceModel& model, int first, int count) {
    if (model.family != Family::v3 || !model.solar) return false;
    if (first == 32302 && count == 2) return true;
    return model.name == "VNSD-0" && first <= 31101 && first + count > 31101;
}

} // namespace

Answer ModbusDevice::answer(std::span<const std::uint8_t> pdu, TimePoint now) {
    if (pdu.empty()) return {};
    ++battery_.counters().requests;
    switch (pdu[0]) {
    case 0x03:
        return read(pdu, now);
    case 0x06:
        return write_one(pdu);
    case 0x10:
        return write_many(pdu);
    default:
        return exception(pdu[0], illegal_function);
    }
}

std::optional<std::uint16_t> ModbusDevice::word(std::uint16_t address, TimePoint now) const {
    if (map_.at(address) == nullptr) return std::nullopt;
    return map_.word(battery_, address, now);
}

Answer ModbusDevice::read(std::span<const std::uint8_t> pdu, TimePoint now) {
    if (pdu.size() != 5) return exception(pdu[0], illegal_value);
    const int first = number_at(pdu, 1);
    const int count = number_at(pdu, 3);
    const bool v3 = battery_.model().family == Family::v3;
    if (v3 && count > v3_most_words) return {};
    if (count < 1 || count > 125 || first + count > 0x10000) return exception(pdu[0], illegal_value);
    if (is_forbidden(static_cast<std::uint16_t>(first), false)) {
        ++battery_.counters().forbidden;
        return exception(pdu[0], first < 40000 ? illegal_value : illegal_address);
    }
    if (hangs(battery_.model(), first, count)) return {.deaf = true};
    if (!readable(first, count)) return exception(pdu[0], illegal_address);
    Answer answer{.pdu = {pdu[0], static_cast<std::uint8_t>(2 * count)}};
    for (int i = first; i < first + count; ++i) {
        const auto address = static_cast<std::uint16_t>(i);
        const auto mask = garbled_alone(address, first, count) ? battery_.random().bits() : 0;
        append(answer.pdu, static_cast<std::uint16_t>(map_.word(battery_, address, now) ^ mask));
    }
    return answer;
}

// A block begins and ends with something; V3 bridges small holes between.
bool ModbusDevice::readable(int first, int count) const {
    const int bridged = battery_.model().family == Family::v3 ? v3_bridged_hole : 0;
    int hole = bridged + 1;
    for (int i = first; i < first + count; ++i) {
        hole = map_.at(static_cast<std::uint16_t>(i)) != nullptr ? 0 : hole + 1;
        if (hole > bridged) return false;
    }
    return hole == 0;
}

// V12: a part of a value of several words is nothing.
bool ModbusDevice::garbled_alone(std::uint16_t address, int first, int count) const {
    const RegisterRow* row = map_.at(address);
    if (battery_.model().family == Family::v3 || row == nullptr || row->words != 2) return false;
    return row->address < first || row->address + row->words > first + count;
}

std::uint8_t ModbusDevice::check_write(std::uint16_t address, std::uint16_t value) {
    if (is_forbidden(address, true)) ++battery_.counters().forbidden;
    const RegisterRow* row = map_.at(address);
    if (row == nullptr || row->write == nullptr) return illegal_address;
    return value < row->least || value > row->most ? illegal_value : 0;
}

Answer ModbusDevice::write_one(std::span<const std::uint8_t> pdu) {
    if (pdu.size() != 5) return exception(pdu[0], illegal_value);
    const auto address = static_cast<std::uint16_t>(number_at(pdu, 1));
    const auto value = static_cast<std::uint16_t>(number_at(pdu, 3));
    if (const auto refused = check_write(address, value)) return exception(pdu[0], refused);
    const RegisterRow& row = *map_.at(address);
    if (!row.write(battery_, row.argument, value)) return exception(pdu[0], illegal_value);
    ++battery_.counters().writes;
    ++battery_.counters().written[address];
    return {.pdu = {pdu.begin(), pdu.end()}};
}

// All or nothing as far as ranges go.
Answer ModbusDevice::write_many(std::span<const std::uint8_t> pdu) {
    if (pdu.size() < 6 || pdu.size() != 6U + pdu[5] || pdu[5] != 2 * number_at(pdu, 3) || pdu[5] == 0)
        return exception(pdu[0], illegal_value);
    const int first = number_at(pdu, 1);
    const int count = number_at(pdu, 3);
    if (first + count > 0x10000) return exception(pdu[0], illegal_address);
    const auto value_at = [&](int i) {
        return static_cast<std::uint16_t>(number_at(pdu, 6 + 2 * static_cast<std::size_t>(i)));
    };
    for (int i = 0; i < count; ++i)
        if (const auto refused = check_write(static_cast<std::uint16_t>(first + i), value_at(i)))
            return exception(pdu[0], refused);
    for (int i = 0; i < count; ++i) {
        const auto address = static_cast<std::uint16_t>(first + i);
        const RegisterRow& row = *map_.at(address);
        if (!row.write(battery_, row.argument, value_at(i))) return exception(pdu[0], illegal_value);
        ++battery_.counters().writes;
        ++battery_.counters().written[address];
    }
    return {.pdu = {pdu.begin(), pdu.begin() + 5}};
}

} // namespace vbat::sim
