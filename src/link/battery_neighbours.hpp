#pragma once

#include "core/monitor_choice.hpp"
#include "runtime/event_loop.hpp"

#include <functional>
#include <memory>
#include <vector>

namespace vbat {

// Asks once which other com.victronenergy.battery services are on the bus. `answer` comes on the loop, later; a service
// that does not answer is left out.
class BatteryNeighbours {
public:
    using Answer = std::function<void(std::vector<MonitorCandidate> others)>;

    BatteryNeighbours(EventLoop& loop, std::string own_name, Answer answer);
    ~BatteryNeighbours();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace vbat
