// Options -> configuration -> App -> loop; maps what can go wrong to exit codes (README, Exit codes).
#include "app/app.hpp"
#include "app/options.hpp"
#include "app/tool_commands.hpp"
#include "runtime/exit_deadline.hpp"
#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "runtime/text.hpp"

#include <pthread.h>
#include <sys/resource.h>

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <ctime>
#include <optional>
#include <system_error>

namespace {

using namespace vbat;

enum ExitCode { done = 0, failed = 1, misconfigured = 2, name_taken = 3 };

// A supervisor starts us again at once, for ever: what only a person can mend is tried rarely.
constexpr timespec misconfigured_pause{.tv_sec = 60, .tv_nsec = 0};
constexpr timespec failed_start_pause{.tv_sec = 5, .tv_nsec = 0};

constexpr std::chrono::seconds grace{3}; // between the end of the loop and the end of the process

// Far above what we need. A broker that sends a payload of 256 MB must not take the memory of the whole device.
void limit_memory() {
#if !defined(__SANITIZE_ADDRESS__) && !defined(__SANITIZE_THREAD__) // these reserve terabytes and need large stacks
    constexpr rlim_t most_bytes = 128U << 20U;
    const rlimit limit{most_bytes, most_bytes};
    setrlimit(RLIMIT_DATA, &limit);
    // The limit counts whole stacks, and each Modbus connection has a thread: the usual 8 MB allow a dozen.
    constexpr std::size_t stack_bytes = 512U << 10U;
    pthread_attr_t attributes{};
    pthread_attr_init(&attributes);
    pthread_attr_setstacksize(&attributes, stack_bytes);
    pthread_setattr_default_np(&attributes);
    pthread_attr_destroy(&attributes);
#endif
}

// Until SIGTERM or SIGINT, at the longest.
void pause_before_exit(const timespec& pause) {
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    sigaddset(&terminate, SIGINT);
    sigtimedwait(&terminate, nullptr, &pause);
}

Config load(const std::filesystem::path& file) {
    try {
        return load_config(read_file(file), file.parent_path());
    } catch (const std::system_error& error) {
        throw ConfigError{{text(error.what(), "; copy config.sample.ini to ", file.string(), " and edit it")}};
    }
}

std::string summary(const BatteryConfig& battery) {
    const std::string start = text(battery.name, ": ", name_of(battery.type), ", ");
    if (battery.modbus) return text(start, to_string(battery.modbus->address), " unit ", battery.modbus->unit_id);
    return text(start, "broker ", battery.broker.host, " port ", battery.broker.port);
}

int misconfigured_by(const std::filesystem::path& file, const ConfigError& error, std::FILE* out) {
    for (const std::string& problem : error.problems()) std::fprintf(out, "%s: %s\n", file.c_str(), problem.c_str());
    return misconfigured;
}

int check(const std::filesystem::path& file) try {
    const Config config = load(file);
    std::printf("%s is good: device_instance %d, batteries:", file.c_str(), config.device_instance);
    for (const BatteryConfig& battery : config.batteries) std::printf("\n  %s", summary(battery).c_str());
    std::puts("");
    return done;
} catch (const ConfigError& error) {
    return misconfigured_by(file, error, stdout);
}

int tell(const ToolOutcome& outcome) {
    std::fputs(outcome.text.c_str(), outcome.code == done ? stdout : stderr);
    return outcome.code;
}

int read(const Options& options) try {
    const Config config = load(options.config);
    start_log(LogLevel::warning); // the answer is the JSON alone
    const int code = tell(read_battery(config, options.name));
    stop_log();
    return code;
} catch (const ConfigError& error) {
    return misconfigured_by(options.config, error, stderr);
}

int refuse(const std::filesystem::path& file, const ConfigError& error) {
    for (const std::string& problem : error.problems()) log_error(text(file.string(), ": ", problem));
    log_error("nothing is started; the next attempt is in 60 s");
    pause_before_exit(misconfigured_pause);
    return misconfigured;
}

int fail_to_start(const std::string& why, ExitCode code) {
    log_error(why);
    pause_before_exit(failed_start_pause);
    return code;
}

// While `app` and the log go, `deadline` watches.
int serve(App& app, std::optional<ExitDeadline>& deadline) try {
    app.run();
    deadline.emplace(grace, done);
    return done;
} catch (const NameTaken&) {
    throw;
} catch (const std::exception& error) {
    deadline.emplace(grace, failed);
    log_error(error.what());
    return failed;
}

int run(const Options& options, std::optional<ExitDeadline>& deadline) try {
    block_signals({SIGTERM, SIGINT});
    limit_memory();
    const Config config = load(options.config);
    start_log(config.logging);
    App app{config, options.state_dir};
    return serve(app, deadline);
} catch (const ConfigError& error) {
    return refuse(options.config, error);
} catch (const NameTaken& error) {
    return fail_to_start(error.what(), name_taken);
} catch (const std::exception& error) {
    return fail_to_start(error.what(), failed);
}

} // namespace

int main(int argc, char* argv[]) {
    std::signal(SIGPIPE, SIG_IGN); // a broken connection is an error code, not an end
    const ParsedOptions parsed = parse_options(argc, argv);
    if (parsed.usage) {
        std::fputs(parsed.usage->text.c_str(), parsed.usage->exit_code == 0 ? stdout : stderr);
        return parsed.usage->exit_code;
    }
    switch (parsed.options.command) {
    case Command::version:
        std::puts("dbus-virtual-battery " VBAT_VERSION);
        return done;
    case Command::check:
        return check(parsed.options.config);
    case Command::scan:
    case Command::set_id:
        return tell(run_on_batteries(parsed.options));
    case Command::read:
        return read(parsed.options);
    case Command::run:
        break;
    }
    std::optional<ExitDeadline> deadline;
    const int code = run(parsed.options, deadline);
    stop_log();
    return code;
}
