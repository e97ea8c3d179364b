#pragma once

#include "device/modbus_model.hpp"

#include <stdexcept>
#include <vector>

namespace vbat {

enum class ModbusFault {
    refused,      // answered by an exception: the line is fine, the device does not want to
    timed_out,    // no answer
    garbled,      // an answer that is none to this question: CRC, unit, function, length, transaction
    disconnected, // no connection, or it was lost
};

class ModbusError : public std::runtime_error {
public:
    ModbusError(ModbusFault fault, const std::string& what, int exception = 0)
        : std::runtime_error{what}, fault_{fault}, exception_{exception} {}

    ModbusFault fault() const { return fault_; }
    int exception() const { return exception_; } // of the device, with ModbusFault::refused

private:
    ModbusFault fault_;
    int exception_;
};

// One Modbus connection, used by one thread. Calls block. Errors name who, what and why:
// "10.0.0.5:502 unit 1: read 30006+1: timed out". Two exist: the real one, and the simulated house in virtual time.
class ModbusWire {
public:
    virtual ~ModbusWire() = default;

    virtual void connect() = 0;    // throws ModbusError(disconnected)
    virtual void disconnect() = 0; // also when it is not connected
    virtual std::vector<std::uint16_t> read(int unit, Block block, Duration patience) = 0;
    virtual void write(int unit, std::uint16_t address, std::uint16_t value, Duration patience) = 0;
    virtual void discard_until_quiet(Duration quiet, Duration at_most) = 0; // late answers

    virtual TimePoint now() const = 0;
    virtual void sleep_until(TimePoint when) = 0; // ends early when the wire is being closed from outside
};

} // namespace vbat
