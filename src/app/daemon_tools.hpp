#pragma once

#include "app/modbus_source.hpp"
#include "app/tool_request.hpp"
#include "config/config.hpp"
#include "publish/tool_service.hpp"

#include <memory>
#include <span>
#include <vector>

namespace vbat {

// The daemon's side of the command line: reads come from what it knows, scans and changes of a unit id go through the
// queue of the connection that it holds.
class DaemonTools {
public:
    using Sources = std::vector<std::unique_ptr<ModbusSource>>;

    // `members` in the order of config.batteries.
    DaemonTools(EventLoop& loop, const Config& config, std::span<const Member> members, const Sources& sources);

private:
    void answer(const std::vector<std::string>& words, const ToolService::Reply& reply);
    void answer_read(const std::string& name, const ToolService::Reply& reply) const;

    EventLoop& loop_;
    int instance_; // as configured
    std::vector<BatteryType> types_;
    std::span<const Member> members_;
    const Sources& sources_;
    ToolService service_;
};

} // namespace vbat
