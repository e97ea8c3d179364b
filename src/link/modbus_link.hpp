#pragma once

#include "device/modbus_address.hpp"
#include "link/modbus_session.hpp"
#include "runtime/event_loop.hpp"

#include <memory>

namespace vbat {

// A ModbusSession on a thread of its own. All calls from the loop; news are delivered there.
class ModbusLink {
public:
    using Deliver = std::function<void(std::vector<ModbusNews>)>;

    ModbusLink(EventLoop& loop, ModbusAddress address, Deliver deliver);
    ~ModbusLink(); // ends every wait at once; only the look-up of a name cannot be ended
    ModbusLink(const ModbusLink&) = delete;
    ModbusLink& operator=(const ModbusLink&) = delete;

    void order(ModbusOrder order);
    void run(ModbusSession::Job job); // on the thread; whoever waits for its result posts it from the job

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace vbat
