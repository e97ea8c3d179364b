// Options -> configuration -> App -> loop; maps what can go wrong to exit codes (README, Exit codes).
#include "app/app.hpp"
#include "app/options.hpp"
#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "runtime/text.hpp"

#include <csignal>
#include <cstdio>
#include <ctime>
#include <system_error>

namespace {

using namespace vbat;

enum ExitCode { done = 0, failed = 1, misconfigured = 2, name_taken = 3 };

// A supervisor would start us again at once, for ever.
constexpr timespec pause_before_exit{.tv_sec = 60, .tv_nsec = 0};

Config load(const std::filesystem::path& file) {
    try {
        return load_config(read_file(file), file.parent_path());
    } catch (const std::system_error& error) {
        throw ConfigError{{text(error.what(), "; copy config.sample.ini to ", file.string(), " and edit it")}};
    }
}

int check(const std::filesystem::path& file) {
    try {
        const Config config = load(file);
        std::printf("%s is good: device_instance %d, batteries:", file.c_str(), config.device_instance);
        for (const BatteryConfig& battery : config.batteries) std::printf(" %s", battery.name.c_str());
        std::puts("");
        return done;
    } catch (const ConfigError& error) {
        for (const std::string& problem : error.problems()) std::printf("%s: %s\n", file.c_str(), problem.c_str());
        return misconfigured;
    }
}

int refuse(const std::filesystem::path& file, const ConfigError& error) {
    for (const std::string& problem : error.problems()) log_error(text(file.string(), ": ", problem));
    log_error("nothing is started; the next attempt is in 60 s");
    sigset_t terminate;
    sigemptyset(&terminate);
    sigaddset(&terminate, SIGTERM);
    sigaddset(&terminate, SIGINT);
    sigtimedwait(&terminate, nullptr, &pause_before_exit);
    return misconfigured;
}

int run(const Options& options) try {
    block_signals({SIGTERM, SIGINT});
    std::signal(SIGPIPE, SIG_IGN); // a broken connection is an error code, not an end
    const Config config = load(options.config);
    start_log(config.logging);
    App{config, options.state_dir}.run();
    return done;
} catch (const ConfigError& error) {
    return refuse(options.config, error);
} catch (const NameTaken& error) {
    log_error(error.what());
    return name_taken;
} catch (const std::exception& error) {
    log_error(error.what());
    return failed;
}

} // namespace

int main(int argc, char* argv[]) {
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
    case Command::run:
        break;
    }
    const int code = run(parsed.options);
    stop_log();
    return code;
}
