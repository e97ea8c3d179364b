#pragma once

#include "link/modbus_session.hpp"
#include "runtime/text.hpp"

#include <deque>
#include <functional>
#include <map>
#include <set>

namespace vbat_test {

using namespace vbat;
using namespace std::chrono_literals;

// Batteries on one line in virtual time, as a wire without transaction numbers shows them: whatever answer comes first
// after a request and fits its unit and length is taken for its answer.
class FakeWire final : public ModbusWire {
public:
    struct Battery {
        bool silent{};
        std::set<std::uint16_t> exceptions{};
        std::set<std::uint16_t> hangs_up_at{};
    };
    struct Request { // seen by the line
        int unit{};
        Block block{};
        TimePoint sent{};
        TimePoint ended{};
    };
    // What happens to the next request: the answer takes this long, and may be damaged.
    struct Fate {
        Duration takes{60ms};
        bool damaged{};
        bool lost{};
        bool hangs_up{}; // the connection breaks before the answer, which a gateway hands to the next one
    };

    std::map<int, Battery> batteries{{1, {}}};
    bool unplugged = false; // connects fail
    std::function<Fate()> fate = [] { return Fate{}; };
    std::vector<Request> requests{};
    std::vector<TimePoint> connects{}; // attempts
    std::vector<TimePoint> disconnects{};
    std::map<std::uint16_t, std::uint16_t> written{};
    TimePoint time{1h};
    bool closed = false;

    // Different for each register and unit, so that a mix-up shows.
    static std::uint16_t content(int unit, std::uint16_t address) {
        return static_cast<std::uint16_t>(address * 31 + unit * 7919);
    }

    void connect() override {
        connects.push_back(time);
        if (unplugged || closed) throw ModbusError{ModbusFault::disconnected, "fake: no connection"};
        connected_ = true;
    }

    void disconnect() override {
        if (connected_) disconnects.push_back(time);
        connected_ = false;
    }

    std::vector<std::uint16_t> read(int unit, Block block, Duration patience) override {
        Answer answer{.unit = unit, .words = {}, .exception = 0, .damaged = false, .at = {}};
        for (std::uint16_t i = 0; i < block.count; ++i)
            answer.words.push_back(content(unit, static_cast<std::uint16_t>(block.address + i)));
        return exchange(unit, block, std::move(answer), block.count, patience);
    }

    void write(int unit, std::uint16_t address, std::uint16_t value, Duration patience) override {
        exchange(unit, {.address = address, .count = 0},
                 {.unit = unit, .words = {}, .exception = 0, .damaged = false, .at = {}}, 0, patience);
        written[address] = value;
    }

    void discard_until_quiet(Duration quiet, Duration at_most) override {
        need_connection();
        const TimePoint deadline = time + at_most;
        for (TimePoint until = time + quiet; time < std::min(until, deadline);) {
            const bool comes = !coming_.empty() && coming_.front().at <= std::min(until, deadline);
            time = comes ? std::max(time, coming_.front().at) : std::min(until, deadline);
            if (!comes) continue;
            coming_.pop_front();
            until = time + quiet;
        }
    }

    TimePoint now() const override { return time; }
    void sleep_until(TimePoint when) override {
        if (!closed) time = std::max(time, when);
    }

private:
    struct Answer {
        int unit{};
        std::vector<std::uint16_t> words{};
        int exception{};
        bool damaged{};
        TimePoint at{};
    };

    void need_connection() const {
        if (!connected_ || closed) throw ModbusError{ModbusFault::disconnected, "fake: not connected"};
    }

    std::vector<std::uint16_t> exchange(int unit, Block block, Answer answer, std::size_t length, Duration patience) {
        need_connection();
        while (!coming_.empty() && coming_.front().at <= time) coming_.pop_front();
        requests.push_back({.unit = unit, .block = block, .sent = time, .ended = {}});
        const auto words = answer_to(unit, block, std::move(answer), length, patience);
        requests.back().ended = time;
        return words;
    }

    std::vector<std::uint16_t> answer_to(int unit, Block block, Answer answer, std::size_t length, Duration patience) {
        const std::string what = text("fake unit ", unit, ": ", block.address, '+', block.count);
        const auto end = [&](ModbusFault fault, const char* why, int exception = 0) {
            requests.back().ended = time;
            throw ModbusError{fault, text(what, ": ", why), exception};
        };
        const Fate fate_of_this = fate();
        queue(unit, block, std::move(answer), fate_of_this);
        const TimePoint deadline = time + patience;
        const bool unwanted = batteries.contains(unit) && batteries.at(unit).hangs_up_at.contains(block.address);
        if (unwanted) coming_.clear();
        if (unwanted || fate_of_this.hangs_up) {
            time += 10ms;
            connected_ = false;
            end(ModbusFault::disconnected, "connection closed");
        }
        if (coming_.empty() || coming_.front().at > deadline) {
            time = deadline;
            end(ModbusFault::timed_out, "timed out");
        }
        const Answer first = std::move(coming_.front());
        coming_.pop_front();
        time = std::max(time, first.at);
        if (first.damaged || first.unit != unit) end(ModbusFault::garbled, "garbled");
        if (first.exception != 0) end(ModbusFault::refused, "exception", first.exception);
        if (first.words.size() != length) end(ModbusFault::garbled, "another length");
        return first.words;
    }

    void queue(int unit, Block block, Answer answer, const Fate& fate_of_this) {
        const auto battery = batteries.find(unit);
        if (battery == batteries.end() || battery->second.silent || fate_of_this.lost) return;
        if (battery->second.exceptions.contains(block.address)) answer.exception = 2;
        answer.damaged = fate_of_this.damaged;
        answer.at = time + fate_of_this.takes;
        if (!coming_.empty()) answer.at = std::max(answer.at, coming_.back().at + 1ms); // a queue, never overtaken
        coming_.push_back(std::move(answer));
    }

    bool connected_ = false;
    std::deque<Answer> coming_{}; // survives a new connection, as in a gateway
};

// A session that runs on a FakeWire, and what it told.
struct Scene {
    FakeWire wire{};
    std::vector<ModbusNews> news{};
    ModbusSession session{wire, [this](ModbusNews item) { news.push_back(std::move(item)); }};

    void run_for(Duration duration) {
        const TimePoint end = wire.time + duration;
        while (wire.time < end) {
            const TimePoint before = wire.time;
            const TimePoint due = session.step();
            wire.time = std::max(wire.time, std::min(due, end));
            if (wire.time == before && due <= before && ++stuck_ > 1000) throw std::logic_error{"the session spins"};
            if (wire.time != before) stuck_ = 0;
        }
    }

    std::vector<ModbusReport> reports(int unit = 1) const {
        std::vector<ModbusReport> found;
        for (const ModbusNews& item : news)
            if (const auto* report = std::get_if<ModbusReport>(&item); report && report->unit == unit)
                found.push_back(*report);
        return found;
    }

    std::vector<ModbusReport> reports_of(Block block, int unit = 1) const {
        auto found = reports(unit);
        std::erase_if(found, [&](const ModbusReport& report) { return report.block != block; });
        return found;
    }

    std::vector<bool> connections() const {
        std::vector<bool> found;
        for (const ModbusNews& item : news)
            if (const auto* connection = std::get_if<ModbusConnection>(&item)) found.push_back(connection->up);
        return found;
    }

private:
    int stuck_ = 0;
};

inline bool is_good(const ModbusReport& report) {
    return std::holds_alternative<std::vector<std::uint16_t>>(report.result);
}

inline bool is_true(const ModbusReport& report) {
    const auto& words = std::get<std::vector<std::uint16_t>>(report.result);
    for (std::size_t i = 0; i < words.size(); ++i)
        if (words[i] != FakeWire::content(report.unit, static_cast<std::uint16_t>(report.block.address + i)))
            return false;
    return words.size() == report.block.count;
}

inline ModbusFault fault_of(const ModbusReport& report) { return std::get<ModbusTrouble>(report.result).fault; }

} // namespace vbat_test
