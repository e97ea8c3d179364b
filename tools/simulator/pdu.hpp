#pragma once

#include "tools/simulator/registers.hpp"

#include <memory>

namespace vbat::sim {

using Bytes = std::vector<std::uint8_t>;

// What a device makes of one request, whatever it came over.
struct Answer {
    Bytes pdu{};    // empty: none
    bool deaf{};    // it hangs: nothing more until there is a new connection
    bool unknown{}; // an address it does not have

    bool exception() const { return !pdu.empty() && (pdu[0] & 0x80) != 0; }
};

// A battery behind its Modbus server.
class ModbusDevice {
public:
    ModbusDevice(const BatterySpec& spec, int number, std::uint64_t seed, TimePoint now)
        : battery_{spec, number, seed, now}, map_{battery_.model()} {}

    Answer answer(std::span<const std::uint8_t> pdu, TimePoint now);
    std::optional<std::uint16_t> word(std::uint16_t address, TimePoint now) const; // nullopt: it has none there

    Battery& battery() { return battery_; }
    const Battery& battery() const { return battery_; }

private:
    Answer read(std::span<const std::uint8_t> pdu, TimePoint now);
    Answer write_one(std::span<const std::uint8_t> pdu);
    Answer write_many(std::span<const std::uint8_t> pdu);
    bool readable(int first, int count) const;
    std::uint8_t check_write(std::uint16_t address, std::uint16_t value); // 0 or the exception
    bool garbled_alone(std::uint16_t address, int first, int count) const;

    Battery battery_;
    RegisterMap map_;
};

} // namespace vbat::sim
