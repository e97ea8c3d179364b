#pragma once

#include "device/modbus_model.hpp"
#include "device/refusals.hpp"
#include "device/soc_guard.hpp"

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

// From this age on its powers are too old: a device may pause for 10 s, and a busy line is asked more rarely than
// planned.
Duration max_age(const ModbusBatterySetup& setup);

// One battery on Modbus as it becomes known: finds out what it is (docs/protocols/marstek-modbus.md, Detection), says
// what to read, and makes samples of what was read. Pure: no I/O, time is an argument.
class ModbusBattery {
public:
    explicit ModbusBattery(ModbusBatterySetup setup) : setup_{std::move(setup)} { begin(); }

    // What to read now. Changes after take() or refused() or reconnected(): compare with what was ordered.
    const std::vector<Poll>& polls() const { return polls_; }
    Pace pace() const;

    // A block was answered. True: a power was among it, there is a new sample.
    bool take(Block block, std::span<const std::uint16_t> values, TimePoint taken_at);

    // The device answered with a Modbus exception: this block is not for it. Left out after three in a row, asked again
    // after 10 minutes; the identification and the power are asked again for ever. Exceptions that speak of the moment
    // (busy, a gateway that reached nobody) do not count.
    void refused(Block block, int exception, TimePoint now);

    // No answer came. A block that is not answered three times while others are is left out likewise.
    void unanswered(Block block, TimePoint now);

    // The connection began anew: the device may be another one now, so it is identified again. What is known stays
    // until then, unless it turns out to be another.
    void reconnected();

    // What is known at `now`: values whose blocks have become too old are absent. taken_at: when the oldest of its
    // powers was read; absent while the battery's power is not known. The first sample waits for a whole round of
    // polls, 10 s at most: a battery does not appear without its totals and its size.
    Maybe<BatterySample> sample(TimePoint now);

    Volts nominal_voltage() const; // converts Wh into Ah; known once the model is, or by configuration
    const ModbusModel* model() const { return model_; }             // nullptr: not identified yet
    const std::string& device_name() const { return device_name_; } // as register 31000 says
    bool is_complete() const; // every poll was answered or refused once: for `read`

    // What a person must know or mend, in a sentence; empty: nothing. ("says VNSE3-0, a v3 model, but family = v12
    // ...")
    const std::string& problem() const { return problem_; }

private:
    enum class Stage {
        name,    // what does it call itself?
        version, // the name said nothing: is it of the family that has a version there?
        open,    // neither helped, or it is not what was configured: asked again, slowly
        serial,  // known from before the connection broke: is it still the same one?
        running,
    };
    void begin();
    void ask(Stage stage, std::initializer_list<Poll> polls);
    void take_name(const std::string& name, TimePoint now);
    void take_version(std::uint16_t version, TimePoint now);
    void take_serial(const std::string& serial, TimePoint now);
    void settle(const ModbusModel& model, TimePoint now);
    void leave_open(bool ask_version);
    void forget();
    void run(TimePoint now);
    void take_values(Block block, std::span<const std::uint16_t> values, TimePoint taken_at);
    void add(Poll poll, TimePoint now);
    BatterySample decoded() const;
    std::string trouble() const;
    std::size_t known_rows() const;
    void note_answer(Block block);
    bool is_answered(Block block) const;
    const Poll* poll_of(Block block) const;
    bool is_power(Block block) const { return model_ && block == model_->polls.front().block; }
    void leave_out(Block block, TimePoint now);
    bool is_settled(TimePoint now) const;
    bool is_live(Block block) const;
    TimePoint live_since() const;
    Maybe<AmpereHours> assumed_capacity(const BatterySample& sample) const;
    void complete(BatterySample& sample, TimePoint now) const;

    ModbusBatterySetup setup_;
    Stage stage_ = Stage::name;
    const ModbusModel* model_ = nullptr;
    bool refuses_name_ = false;
    bool is_named_ = false; // the model by its own word, not by configuration
    std::string device_name_{};
    std::string serial_{};
    std::vector<Poll> polls_{};
    std::vector<Block> answered_{}; // be it by an exception
    Refusals refusals_{};
    RegisterImage image_{};
    SocGuard soc_guard_{};
    std::uint64_t answers_ = 0;
    Maybe<TimePoint> first_power_{}; // of this device
    bool settled_ = false;
    std::string notice_{}; // of the identification
    std::string problem_{};
};

} // namespace vbat
