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

std::string mistake_in(const std::vector<const char*>& args) {
    const auto usage = parse(args).usage;
    REQUIRE(usage.has_value());
    CHECK(usage->exit_code == 2);
    return usage->text.substr(0, usage->text.find('\n'));
}

TEST_CASE("scan tries the unit ids 1 to 10 unless told otherwise") {
    const auto [options, usage] = parse({"scan", "10.0.0.5"});
    CHECK_FALSE(usage.has_value());
    CHECK(options.command == Command::scan);
    CHECK(options.address == ModbusAddress{.host = "10.0.0.5"});
    CHECK(options.first_unit == 1);
    CHECK(options.last_unit == 10);
    const Options other =
        parse({"scan", "[::1]:503", "--framing", "rtuovertcp", "--first", "5", "--last", "247"}).options;
    CHECK(other.address == ModbusAddress{.framing = Framing::rtu_over_tcp, .host = "::1", .port = 503});
    CHECK(other.first_unit == 5);
    CHECK(other.last_unit == 247);
    CHECK(mistake_in({"scan"}) == "ADDRESS is required");
    CHECK(mistake_in({"scan", "gateway:0"}) ==
          "ADDRESS: the port of 'gateway:0' is not a whole number from 1 to 65535");
    CHECK(mistake_in({"scan", "/dev/ttyUSB0", "--framing", "tcp"}) == "ADDRESS: a serial device needs rtu");
    CHECK(mistake_in({"scan", "gateway", "--first", "0"}) == "--first: Value 0 not in range 1 to 255");
    CHECK(mistake_in({"scan", "gateway", "--first", "3", "--last", "2"}) == "--first: is behind --last");
}

TEST_CASE("set-id takes the old and the new unit id") {
    const auto [options, usage] = parse({"set-id", "/dev/ttyUSB0", "247", "10"});
    CHECK_FALSE(usage.has_value());
    CHECK(options.command == Command::set_id);
    CHECK(options.address == ModbusAddress{.framing = Framing::rtu, .serial = "/dev/ttyUSB0"});
    CHECK(options.old_unit == 247);
    CHECK(options.new_unit == 10);
    CHECK_FALSE(options.yes);
    CHECK(parse({"set-id", "gateway", "1", "2", "--yes"}).options.yes);
    CHECK(mistake_in({"set-id", "gateway", "1"}) == "NEW is required");
    CHECK(mistake_in({"set-id", "gateway", "0", "1"}) == "OLD: Value 0 not in range 1 to 255");
    CHECK(mistake_in({"set-id", "gateway", "1", "11"}) == "NEW: Value 11 not in range 1 to 10");
    CHECK(mistake_in({"set-id", "gateway", "2", "2"}) == "NEW: is the same as OLD");
}

TEST_CASE("the unit ids 248 to 255 exist in Modbus TCP only") {
    const std::string reserved = " is not from 1 to 247, with rtu and rtuovertcp the numbers above are reserved";
    CHECK(parse({"scan", "gateway", "--first", "248", "--last", "255"}).options.last_unit == 255);
    CHECK(parse({"set-id", "gateway", "255", "1"}).options.old_unit == 255);
    CHECK(mistake_in({"scan", "/dev/ttyUSB0", "--last", "248"}) == "--last: 248" + reserved);
    CHECK(mistake_in({"scan", "/dev/ttyUSB0", "--first", "250", "--last", "255"}) == "--first: 250" + reserved);
    CHECK(mistake_in({"scan", "gateway", "--framing", "rtuovertcp", "--last", "255"}) == "--last: 255" + reserved);
    CHECK(mistake_in({"set-id", "/dev/ttyUSB0", "255", "1"}) == "OLD: 255" + reserved);
    CHECK(mistake_in({"set-id", "gateway", "248", "1", "--framing", "rtuovertcp"}) == "OLD: 248" + reserved);
}

TEST_CASE("read takes the name of a battery") {
    const auto [options, usage] = parse({"--config", "x.ini", "read", "garage"});
    CHECK_FALSE(usage.has_value());
    CHECK(options.command == Command::read);
    CHECK(options.name == "garage");
    CHECK(options.config == "x.ini");
    CHECK(mistake_in({"read"}) == "NAME is required");
    CHECK(mistake_in({"read", "a", "b"}) == "The following argument was not expected: b");
}

} // namespace
