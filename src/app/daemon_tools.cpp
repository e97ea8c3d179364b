#include "app/daemon_tools.hpp"

#include "app/sample_json.hpp"
#include "device/catalogue.hpp"
#include "link/tool_client.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <functional>
#include <utility>

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
    if (work_) return reply(1, "the running daemon is busy with another scan or change, try again in a minute\n");
    begin({.request = *request, .reply = reply, .source = source->get(), .next = request->first});
}

void DaemonTools::begin(Work work) {
    work_ = std::make_shared<Work>(std::move(work));
    if (work_->request.command == Command::scan) scan_next();
    else change_id();
}

// Between two units the batteries of the line are read: a scan of many must not make them look lost.
void DaemonTools::scan_next() {
    if (work_->next > work_->request.second) return finish(0, to_text(work_->found, work_->request.address));
    const int unit = work_->next++;
    run([this, unit](ModbusPort& port) -> std::function<void()> {
        return [this, found = scan_units(port, unit, unit)] {
            work_->found.insert(work_->found.end(), found.begin(), found.end());
            scan_next();
        };
    });
}

void DaemonTools::change_id() {
    run([this, from = work_->request.first, to = work_->request.second](ModbusPort& port) -> std::function<void()> {
        return [this, done = change_unit_id(port, from, to)] { finish(0, done); };
    });
}

// `work` runs on the connection's thread and uses nothing of ours; what it returns, or what went wrong, is done on the
// loop, if we are still there.
template <class Do>
void DaemonTools::run(Do work) {
    work_->source->run([this, &loop = loop_, alive = std::weak_ptr{work_}, work](ModbusPort& port) {
        std::function<void()> then;
        try {
            then = work(port);
        } catch (const std::runtime_error& error) { // ToolRefusal, ModbusError
            then = [this, why = text(error.what(), '\n')] { finish(1, why); };
        }
        loop.post([alive, then] {
            if (!alive.expired()) then();
        });
    });
}

void DaemonTools::finish(std::int32_t code, const std::string& text) {
    const auto done = std::exchange(work_, nullptr);
    done->reply(code, text);
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
