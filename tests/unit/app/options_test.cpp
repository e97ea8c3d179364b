#include "app/options.hpp"

#include <doctest/doctest.h>

using namespace vbat;

namespace {

ParsedOptions parse(std::vector<const char*> args) {
    args.insert(args.begin(), "/data/apps/vb/bin/dbus-virtual-battery");
    return parse_options(static_cast<int>(args.size()), args.data());
}

TEST_CASE("without arguments it runs, with the files beside the program's folder") {
    const auto [options, usage] = parse({});
    CHECK_FALSE(usage.has_value());
    CHECK(options.command == Command::run);
    CHECK(options.config == "/data/apps/vb/config.ini");
    CHECK(options.state_dir == "/data/apps/vb/state");
}

TEST_CASE("options stand before or behind the command") {
    CHECK(parse({"check", "--config", "x.ini"}).options.config == "x.ini");
    CHECK(parse({"--config", "x.ini", "check"}).options.config == "x.ini");
    CHECK(parse({"--config", "x.ini", "check"}).options.command == Command::check);
    CHECK(parse({"version"}).options.command == Command::version);
    CHECK(parse({"run", "--state-dir", "/tmp/s"}).options.state_dir == "/tmp/s");
}

TEST_CASE("help is no mistake, a mistake is") {
    const auto help = parse({"--help"}).usage;
    REQUIRE(help.has_value());
    CHECK(help->exit_code == 0);
    CHECK(help->text.find("check") != std::string::npos);
    const auto mistake = parse({"--confg", "x"}).usage;
    REQUIRE(mistake.has_value());
    CHECK(mistake->exit_code == 2);
    CHECK(mistake->text.find("--confg") != std::string::npos);
}

} // namespace
