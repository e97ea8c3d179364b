#pragma once

#include "runtime/event_loop.hpp"

#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

namespace vbat {

// What the running daemon answers to the command line: a battery may have room for one client only, and that is the
// daemon. Interface dbus_virtual_battery.Tools on /, method Run(as request) -> (i code, s text).
class ToolService {
public:
    using Reply = std::function<void(std::int32_t code, const std::string& text)>; // once, on the loop; may come later
    using Handle = std::function<void(const std::vector<std::string>& request, Reply reply)>;

    ToolService(EventLoop& loop, const std::string& name, Handle handle); // throws std::runtime_error
    ~ToolService();

private:
    class Impl;
    std::unique_ptr<Impl> impl_;
};

} // namespace vbat
