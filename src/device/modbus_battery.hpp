#pragma once

#include "device/modbus_model.hpp"

#include <string>
#include <vector>

namespace vbat {

// What the configuration says of a battery on Modbus. "auto": found out by asking.
struct ModbusBatterySetup {
    std::string family{"auto"}; // auto, v12, v3
    std::string model{"auto"};  // auto, or a variant of the family
    Maybe<WattHours> capacity{};
    Maybe<Volts> nominal_voltage{};
    Maybe<std::chrono::milliseconds> poll{}; // period of the fastest poll; absent: the model's
    Maybe<std::chrono::milliseconds> gap{};  // between requests; absent: the model's
};

// One battery on Modbus as it becomes known: finds out what it is (docs/protocols/marstek-modbus.md, Detection), says
// what to read, and makes samples of what was read. Pure: no I/O, time is an argument.
class ModbusBattery {
public:
    explicit ModbusBattery(ModbusBatterySetup setup) : setup_{std::move(setup)} { begin(); }

    // What to read now. Changes after take() or refused() or reconnected(): compare with what was ordered.
    const std::vector<Poll>& polls() const { return polls_; }
    Pace pace() const;

    // A block was answered. True: there is a new sample.
    bool take(Block block, std::span<const std::uint16_t> values, TimePoint taken_at);

    // The device answered with a Modbus exception: this block is not for it. Left out after three in a row, asked again
    // after 10 minutes; the identification is asked again for ever.
    void refused(Block block, int exception, TimePoint now);

    // The connection began anew: the device may be another one now, so it is identified again. What is known stays
    // until then, unless it turns out to be another.
    void reconnected();

    // What is known at `now`: values whose blocks have become too old are absent. taken_at: when the power was read;
    // absent while no power was read or it is no longer known.
    Maybe<BatterySample> sample(TimePoint now);

    const ModbusModel* model() const { return model_; }             // nullptr: not identified yet
    const std::string& device_name() const { return device_name_; } // as register 31000 says
    bool is_complete() const; // every poll was answered or refused once: for `read`

    // What a person must know or mend, in a sentence; empty: nothing. ("says VNSE3-0, a v3 model, but family = v12
    // ...")
    const std::string& problem() const { return problem_; }

private:
    void begin();

    ModbusBatterySetup setup_;
    const ModbusModel* model_ = nullptr;
    std::string device_name_{};
    std::vector<Poll> polls_{};
    RegisterImage image_{};
    std::string problem_{};
};

} // namespace vbat
