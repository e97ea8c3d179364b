#include "publish/tool_service.hpp"

#include "runtime/bus.hpp"

#include <sdbus-c++/sdbus-c++.h>

#include <stdexcept>

namespace vbat {

class ToolService::Impl {
public:
    Impl(EventLoop& loop, const std::string& name, Handle handle)
        : handle_{std::move(handle)}, bus_{open_bus(loop)}, root_{sdbus::createObject(*bus_, "/")} {
        root_->registerMethod("Run")
            .onInterface("dbus_virtual_battery.Tools")
            .implementedAs([this](sdbus::Result<std::int32_t, std::string>&& result,
                                  const std::vector<std::string>& request) { run(std::move(result), request); });
        root_->finishRegistration();
        try {
            bus_->requestName(name);
        } catch (const sdbus::Error& error) {
            throw std::runtime_error{"D-Bus refuses the name " + name + ": " + error.getMessage()};
        }
    }

private:
    void run(sdbus::Result<std::int32_t, std::string>&& result, const std::vector<std::string>& request) const {
        const auto answer = std::make_shared<sdbus::Result<std::int32_t, std::string>>(std::move(result));
        handle_(request, [answer](std::int32_t code, const std::string& text) { answer->returnResults(code, text); });
    }

    Handle handle_;
    std::unique_ptr<sdbus::IConnection> bus_;
    std::unique_ptr<sdbus::IObject> root_;
};

ToolService::ToolService(EventLoop& loop, const std::string& name, Handle handle)
    : impl_{std::make_unique<Impl>(loop, name, std::move(handle))} {}
ToolService::~ToolService() = default;

} // namespace vbat
