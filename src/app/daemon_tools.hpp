#pragma once

#include "app/battery_tools.hpp"
#include "app/modbus_source.hpp"
#include "app/tool_request.hpp"
#include "config/config.hpp"
#include "publish/tool_service.hpp"

#include <memory>
#include <span>
#include <vector>

namespace vbat {

// The daemon's side of the command line: reads come from what it knows; scans, unit by unit, and changes of a unit id
// go through the queue of the connection that it holds. One at a time: what they ask for is time of that line.
class DaemonTools {
public:
    using Sources = std::vector<std::unique_ptr<ModbusSource>>;

    // `members` in the order of config.batteries.
    DaemonTools(EventLoop& loop, const Config& config, std::span<const Member> members, const Sources& sources);

private:
    struct Work { // jobs know it by a weak pointer: they may outlive us
        ToolRequest request{};
        ToolService::Reply reply{};
        ModbusSource* source{};
        std::vector<FoundUnit> found{};
        int next{}; // unit of a scan
    };

    void answer(const std::vector<std::string>& words, const ToolService::Reply& reply);
    void answer_read(const std::string& name, const ToolService::Reply& reply) const;
    void begin(Work work);
    void scan_next();
    void change_id();
    template <class Do>
    void run(Do work);
    void finish(std::int32_t code, const std::string& text);

    EventLoop& loop_;
    int instance_; // as configured
    std::vector<BatteryType> types_;
    std::span<const Member> members_;
    const Sources& sources_;
    ToolService service_;
    std::shared_ptr<Work> work_{}; // absent: nothing to do. After service_: a reply must not outlive its connection
};

} // namespace vbat
