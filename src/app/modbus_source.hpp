#pragma once

#include "core/aggregate.hpp"
#include "device/modbus_battery.hpp"
#include "link/modbus_link.hpp"
#include "runtime/rate_limit.hpp"

#include <vector>

namespace vbat {

// One Modbus connection and the batteries behind it: what they answer becomes samples of their members.
class ModbusSource {
public:
    struct Unit {
        int id{};
        Member* member{};
        ModbusBattery battery;
    };

    // `bank`: all members, those of other connections, too. `changed` is called when a member has a new sample.
    ModbusSource(EventLoop& loop, ModbusAddress address, std::vector<Unit> units, std::span<const Member> bank,
                 std::function<void()> changed);

    const ModbusAddress& address() const { return address_; }
    void run(ModbusSession::Job job) { link_.run(std::move(job)); } // on the connection's thread, in its queue

private:
    struct Served {
        Unit unit;
        ModbusOrder ordered{};
        const ModbusModel* told_model{};
        std::string told_problem{};
    };

    void take_in(const std::vector<ModbusNews>& news);
    void take_in(const ModbusConnection& connection);
    void take_in(const ModbusReport& report);
    void take_sample(Served& served, BatterySample sample);
    const Member* twin_of(const Member& member, const BatterySample& sample) const;
    std::string batteries() const;
    void tell_trouble(const Served& served, const ModbusReport& report, const ModbusTrouble& trouble);
    void order(Served& served);
    void tell_answer();
    void tell(Served& served, TimePoint now);

    ModbusAddress address_;
    std::vector<Served> units_;
    std::span<const Member> bank_;
    std::function<void()> changed_;
    RateLimit troubles_{std::chrono::minutes{5}};
    bool told_down_ = false; // until something is answered: a connection alone proves nothing
    ModbusLink link_;        // last: its thread delivers to the others
};

} // namespace vbat
