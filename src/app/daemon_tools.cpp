#include "app/daemon_tools.hpp"

#include "app/sample_json.hpp"
#include "device/catalogue.hpp"
#include "link/tool_client.hpp"
#include "runtime/text.hpp"

#include <algorithm>

namespace vbat {
namespace {

std::string_view family_of(const BatterySample& sample) {
    for (const ModbusModel* model : modbus_models())
        if (sample.device_model == model->name) return model->family;
    return "";
}

} // namespace

DaemonTools::DaemonTools(EventLoop& loop, const Config& config, std::span<const Member> members, const Sources& sources)
    : loop_{loop}, instance_{config.device_instance}, members_{members}, sources_{sources},
      service_{loop, text(tool_names, instance_),
               [this](const auto& words, const ToolService::Reply& reply) { answer(words, reply); }} {
    for (const BatteryConfig& battery : config.batteries) types_.push_back(battery.type);
}

void DaemonTools::answer(const std::vector<std::string>& words, const ToolService::Reply& reply) {
    const auto request = request_from(words);
    if (!request) return reply(not_mine, "");
    if (request->command == Command::read)
        return request->first == instance_ ? answer_read(request->name, reply) : reply(not_mine, "");
    const auto source = std::ranges::find_if(
        sources_, [&](const auto& each) { return to_string(each->address()) == request->address; });
    if (source == sources_.end()) return reply(not_mine, "");
    (*source)->run([this, request = *request, reply](ModbusPort& port) {
        loop_.post([reply, outcome = run(request, port)] { reply(outcome.code, outcome.text); });
    });
}

void DaemonTools::answer_read(const std::string& name, const ToolService::Reply& reply) const {
    const auto member = std::ranges::find(members_, name, &Member::name);
    if (member == members_.end()) return reply(not_mine, "");
    const TimePoint now = EventLoop::now();
    if (is_lost(*member, now))
        return reply(1, text(name, ": the running daemon has not heard of it for ",
                             std::chrono::duration_cast<std::chrono::seconds>(member->max_age).count(), " s\n"));
    if (!member->sample) return reply(1, text(name, ": the running daemon still waits for its first word\n"));
    const BatterySample& sample = *member->sample;
    const auto type = types_[static_cast<std::size_t>(member - members_.begin())];
    const auto taken_at = utc_text(sample.taken_at, now, std::chrono::system_clock::now());
    reply(0, to_json({name, name_of(type), family_of(sample), taken_at, sample, member->nominal_voltage}));
}

} // namespace vbat
