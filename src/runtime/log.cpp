#include "runtime/log.hpp"

#include <spdlog/async.h>
#include <spdlog/sinks/stdout_sinks.h>
#include <spdlog/spdlog.h>

#include <atomic>
#include <cctype>
#include <cstdio>
#include <memory>

namespace vbat {
namespace {

// Small: a line takes a few hundred bytes of it, and who writes more than this at once has lost the thread anyway.
constexpr std::size_t queued_lines = 256;

spdlog::level::level_enum level_of(LogLevel level) {
    switch (level) {
    case LogLevel::error:
        return spdlog::level::err;
    case LogLevel::warning:
        return spdlog::level::warn;
    case LogLevel::info:
        return spdlog::level::info;
    case LogLevel::debug:
        break;
    }
    return spdlog::level::debug;
}

const char* name_of(LogLevel level) {
    switch (level) {
    case LogLevel::error:
        return "error";
    case LogLevel::warning:
        return "warning";
    case LogLevel::info:
        return "info";
    case LogLevel::debug:
        break;
    }
    return "debug";
}

// One line an event, whatever a sender of messages put into it: no line of its own, no terminal codes.
std::string one_line(std::string line) {
    for (char& letter : line)
        if (std::iscntrl(static_cast<unsigned char>(letter)) != 0) letter = '?';
    return line;
}

struct Writer {
    Writer(std::shared_ptr<spdlog::details::thread_pool> p, std::shared_ptr<spdlog::logger> l)
        : logger{std::move(l)}, pool{std::move(p)} {}

    std::shared_ptr<spdlog::logger> logger;
    std::shared_ptr<spdlog::details::thread_pool> pool; // goes first: its thread writes through the logger
    std::atomic<std::size_t> dropped_told{0};
};

std::unique_ptr<Writer>& writer() {
    static std::unique_ptr<Writer> the_writer;
    return the_writer;
}

} // namespace

void start_log(LogLevel level) {
    auto pool = std::make_shared<spdlog::details::thread_pool>(queued_lines, 1);
    auto logger = std::make_shared<spdlog::async_logger>("", std::make_shared<spdlog::sinks::stderr_sink_mt>(), pool,
                                                         spdlog::async_overflow_policy::overrun_oldest);
    logger->set_pattern("%l: %v"); // multilog or journald stamps the time
    logger->set_level(level_of(level));
    logger->flush_on(spdlog::level::debug);
    writer() = std::make_unique<Writer>(std::move(pool), std::move(logger));
}

void stop_log() { writer().reset(); } // the pool's destructor writes what is queued

bool log_wants(LogLevel level) { return !writer() || writer()->logger->should_log(level_of(level)); }

void log(LogLevel level, const std::string& line) {
    if (!writer()) {
        std::fprintf(stderr, "%s: %s\n", name_of(level), one_line(line).c_str());
        return;
    }
    Writer& to = *writer();
    to.logger->log(level_of(level), one_line(line));
    const std::size_t dropped = to.pool->overrun_counter();
    if (const std::size_t told = to.dropped_told.exchange(dropped); dropped > told)
        to.logger->warn("{} log lines dropped: whoever reads this log is too slow", dropped - told);
}

} // namespace vbat
