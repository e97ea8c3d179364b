#include "app/options.hpp"

#include "config/modbus_address_text.hpp"

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

// What is only known to be right when all is read: an address and the framing beside it.
struct AddressWords {
    std::string address{};
    std::string framing{};

    ModbusAddress parse() const {
        const auto parsed = modbus_address(address, framing);
        if (const auto* mistake = std::get_if<std::string>(&parsed)) throw CLI::ValidationError{"ADDRESS", *mistake};
        return std::get<ModbusAddress>(parsed);
    }
};

void check_unit(const char* option, const ModbusAddress& address, int unit) {
    const std::string obstacle = unit_obstacle(address.framing, unit);
    if (!obstacle.empty()) throw CLI::ValidationError{option, obstacle};
}

constexpr auto unit_range = [] { return CLI::Range(1, 255).description("1 to 255"); };

void add_address(CLI::App& command, AddressWords& words) {
    command
        .add_option("ADDRESS", words.address, "host[:port] of the battery or its gateway, or a serial device /dev/...")
        ->required();
    command.add_option(
        "--framing", words.framing,
        "tcp, rtuovertcp (a gateway that only passes bytes on) or rtu; default: tcp, of a serial device rtu");
}

const CLI::App* add_scan(CLI::App& cli, Options& options, AddressWords& words) {
    auto* const scan =
        cli.add_subcommand("scan", "find the batteries at a Modbus address: tries unit id after unit id");
    add_address(*scan, words);
    scan->add_option("--first", options.first_unit, "unit id to begin with")
        ->check(unit_range())
        ->capture_default_str();
    scan->add_option("--last", options.last_unit, "unit id to end with")->check(unit_range())->capture_default_str();
    scan->callback([&] {
        options.address = words.parse();
        if (options.first_unit > options.last_unit) throw CLI::ValidationError{"--first", "is behind --last"};
        check_unit("--first", options.address, options.first_unit);
        check_unit("--last", options.address, options.last_unit);
    });
    return scan;
}

const CLI::App* add_set_id(CLI::App& cli, Options& options, AddressWords& words) {
    auto* const set_id = cli.add_subcommand(
        "set-id", "give a battery another unit id, which it keeps: needed when several share one gateway");
    add_address(*set_id, words);
    set_id->add_option("OLD", options.old_unit, "unit id the battery has now")->required()->check(unit_range());
    set_id->add_option("NEW", options.new_unit, "unit id it shall have")
        ->required()
        ->check(CLI::Range(1, 10).description("1 to 10"));
    set_id->add_flag("--yes", options.yes, "do it without asking");
    set_id->callback([&] {
        options.address = words.parse();
        if (options.old_unit == options.new_unit) throw CLI::ValidationError{"NEW", "is the same as OLD"};
        check_unit("OLD", options.address, options.old_unit);
    });
    return set_id;
}

const CLI::App* add_read(CLI::App& cli, Options& options) {
    auto* const read = cli.add_subcommand("read", "print as JSON what a battery of the configuration says now");
    read->add_option("NAME", options.name, "NAME of its section [battery NAME]")->required();
    return read;
}

} // namespace

ParsedOptions parse_options(int argc, const char* const* argv) {
    ParsedOptions parsed;
    Options& options = parsed.options;
    options.config = home_of(argv[0]) / "config.ini";
    options.state_dir = home_of(argv[0]) / "state";

    CLI::App cli{"One virtual battery on Victron's D-Bus out of batteries on MQTT and Modbus.", "dbus-virtual-battery"};
    cli.require_subcommand(0, 1);
    cli.fallthrough();
    cli.add_option("--config", options.config, "the configuration")->capture_default_str();
    cli.add_option("--state-dir", options.state_dir, "folder for what must survive a restart")->capture_default_str();
    cli.add_subcommand("run", "be the service (what happens without a command)");
    const auto* check = cli.add_subcommand("check", "say all that is wrong with the configuration, and start nothing");
    const auto* version = cli.add_subcommand("version", "print the version");
    AddressWords words;
    const auto* scan = add_scan(cli, options, words);
    const auto* set_id = add_set_id(cli, options, words);
    const auto* read = add_read(cli, options);
    try {
        cli.parse(argc, argv);
    } catch (const CLI::ParseError& error) {
        std::ostringstream out;
        const int code = cli.exit(error, out, out);
        parsed.usage = Usage{out.str(), code == 0 ? 0 : usage_error};
    }
    if (*check) options.command = Command::check;
    if (*version) options.command = Command::version;
    if (*scan) options.command = Command::scan;
    if (*set_id) options.command = Command::set_id;
    if (*read) options.command = Command::read;
    return parsed;
}

} // namespace vbat
