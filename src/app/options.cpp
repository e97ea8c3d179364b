#include "app/options.hpp"

#include <CLI/CLI.hpp>

#include <sstream>

namespace vbat {
namespace {

constexpr int usage_error = 2;

std::filesystem::path home_of(const char* program) {
    const std::filesystem::path path{program};
    if (!path.has_parent_path()) return std::filesystem::current_path();
    return std::filesystem::weakly_canonical(path).parent_path().parent_path();
}

} // namespace

ParsedOptions parse_options(int argc, const char* const* argv) {
    ParsedOptions parsed;
    Options& options = parsed.options;
    options.config = home_of(argv[0]) / "config.ini";
    options.state_dir = home_of(argv[0]) / "state";

    CLI::App cli{"One virtual battery on Victron's D-Bus out of batteries that are reached over MQTT.",
                 "dbus-virtual-battery"};
    cli.require_subcommand(0, 1);
    cli.fallthrough();
    cli.add_option("--config", options.config, "the configuration")->capture_default_str();
    cli.add_option("--state-dir", options.state_dir, "folder for what must survive a restart")->capture_default_str();
    cli.add_subcommand("run", "be the service (what happens without a command)");
    const auto* check = cli.add_subcommand("check", "say all that is wrong with the configuration, and start nothing");
    const auto* version = cli.add_subcommand("version", "print the version");
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        const int code = cli.exit(error, out, out);
        parsed.usage = Usage{out.str(), code == 0 ? 0 : usage_error};
    }
    if (*check) options.command = Command::check;
    if (*version) options.command = Command::version;
    return parsed;
}

} // namespace vbat
