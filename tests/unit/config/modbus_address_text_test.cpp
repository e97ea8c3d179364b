#include "config/modbus_address_text.hpp"

#include <doctest/doctest.h>

using namespace vbat;

namespace {

ModbusAddress address_of(const std::string& text, const std::string& framing = "") {
    const auto parsed = modbus_address(text, framing);
    REQUIRE(std::holds_alternative<ModbusAddress>(parsed));
    return std::get<ModbusAddress>(parsed);
}

std::string mistake_in(const std::string& text, const std::string& framing = "") {
    const auto parsed = modbus_address(text, framing);
    REQUIRE(std::holds_alternative<std::string>(parsed));
    return std::get<std::string>(parsed);
}

} // namespace

SCENARIO("a Modbus address is one word") {
    GIVEN("hosts with and without a port") {
        THEN("they are understood") {
            CHECK(address_of("gateway") == ModbusAddress{.host = "gateway", .port = 502});
            CHECK(address_of("my-gateway.example:8899") == ModbusAddress{.host = "my-gateway.example", .port = 8899});
            CHECK(address_of("GateWay:8899") == address_of("gateway:8899"));
            CHECK(address_of("10.0.0.5:65535") == ModbusAddress{.host = "10.0.0.5", .port = 65535});
        }
    }
    GIVEN("IPv6 addresses") {
        THEN("the brackets tell the port from the address") {
            CHECK(address_of("[::1]:503") == ModbusAddress{.host = "::1", .port = 503});
            CHECK(address_of("[FE80::1%Eth0]:502") == ModbusAddress{.host = "fe80::1%Eth0"});
            CHECK(address_of("[::1]") == ModbusAddress{.host = "::1"});
            CHECK(address_of("::1:503") == ModbusAddress{.host = "::1:503"});
        }
    }
    GIVEN("serial devices") {
        THEN("they speak RTU") {
            CHECK(address_of("/dev/ttyUSB0") == ModbusAddress{.framing = Framing::rtu, .serial = "/dev/ttyUSB0"});
            CHECK(address_of("/dev/serial/by-id/usb-x:y", "RTU").serial == "/dev/serial/by-id/usb-x:y");
        }
    }
    GIVEN("a framing") {
        THEN("it is taken when it fits") {
            CHECK(address_of("gateway", "rtuovertcp").framing == Framing::rtu_over_tcp);
            CHECK(address_of("gateway", "TCP").framing == Framing::tcp);
            CHECK(mistake_in("gateway", "rtu") == "rtu is for a serial device, a host needs tcp or rtuovertcp");
            CHECK(mistake_in("/dev/ttyUSB0", "tcp") == "a serial device needs rtu");
            CHECK(mistake_in("gateway", "ascii") == "'ascii' is not tcp, rtuovertcp or rtu");
        }
    }
    GIVEN("anything else") {
        THEN("the mistake tells what to write") {
            CHECK(mistake_in("") == "'' is empty, write host[:port] or /dev/...");
            CHECK(mistake_in("tcp://10.0.0.5:502") == "this is a URL, write only host[:port]");
            for (const std::string wrong : {"/", "/dev/", "/tmp/ttyUSB0", "//dev/ttyUSB0"})
                CHECK(mistake_in(wrong) == "'" + wrong + "' is not a serial device, write /dev/...");
            for (const std::string port : {"0", "65536", "x", "", "-1", "5 ", "502/"})
                CHECK(mistake_in("gateway:" + port) ==
                      "the port of 'gateway:" + port + "' is not a whole number from 1 to 65535");
            for (const std::string wrong :
                 {"a b", "10.0.0.500", ":502", "[gateway]:502", "1::2::3", "fe80::1%eth0:502", "fe80::1%", "[::1"})
                CHECK(mistake_in(wrong) ==
                      "'" + wrong + "' is not host[:port] or /dev/..., write IPv6 as [address]:port");
        }
    }
}
