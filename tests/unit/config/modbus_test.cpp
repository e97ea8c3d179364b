#include "config_testing.hpp"

using namespace vbat;
using namespace vbat::testing;
using namespace std::chrono_literals;

namespace {

// Two lines, so that `lines` begin in the third.
std::string marstek(const std::string& lines, const std::string& name = "a") {
    return "[battery " + name + "]\ntype = marstek-modbus\n" + lines;
}

BatteryConfig battery_of(const std::string& lines) { return config_of(marstek(lines)).batteries.at(0); }
ModbusConfig modbus_of(const std::string& lines) { return battery_of(lines).modbus.value(); }
std::string mistake_in(const std::string& lines) { return problems_in(marstek(lines)); }

const std::string lan = "address = 10.0.0.5\n";

} // namespace

SCENARIO("a Marstek on Modbus needs an address and nothing else") {
    GIVEN("only its address") {
        const Config config = config_of(marstek(lan));
        const BatteryConfig& battery = config.batteries.at(0);
        THEN("everything else is as documented, without any broker") {
            CHECK(battery.type == BatteryType::marstek_modbus);
            CHECK(battery.coupling == Coupling::ac);
            CHECK(config.device_instance == 600);
            CHECK_FALSE(config.publish_members);
            CHECK_FALSE(battery.capacity);
            CHECK_FALSE(battery.nominal_voltage);
            const ModbusConfig modbus = battery.modbus.value();
            CHECK(modbus.address == ModbusAddress{.framing = Framing::tcp, .host = "10.0.0.5", .port = 502});
            CHECK(modbus.unit_id == 1);
            CHECK(modbus.setup.family == "auto");
            CHECK(modbus.setup.model == "auto");
            CHECK_FALSE(modbus.setup.poll);
            CHECK_FALSE(modbus.setup.gap);
        }
    }
    GIVEN("every key") {
        const BatteryConfig battery = battery_of("address = gateway\nport = 8899\nframing = RTUoverTCP\nunit_id = 247\n"
                                                 "family = V12\nmodel = C\npoll_s = 2.5\ngap_ms = 80\ncoupling = AC\n"
                                                 "capacity_wh = 2560\nnominal_voltage_v = 48\n");
        const ModbusConfig modbus = battery.modbus.value();
        THEN("each is taken") {
            CHECK(modbus.address == ModbusAddress{.framing = Framing::rtu_over_tcp, .host = "gateway", .port = 8899});
            CHECK(modbus.unit_id == 247);
            CHECK(modbus.setup.family == "v12");
            CHECK(modbus.setup.model == "c");
            CHECK(modbus.setup.poll == 2500ms);
            CHECK(modbus.setup.gap == 80ms);
        }
        THEN("what describes the battery is told to the battery and to its device") {
            CHECK(battery.capacity == 2560_Wh);
            CHECK(modbus.setup.capacity == 2560_Wh);
            CHECK(battery.nominal_voltage == Volts{48});
            CHECK(modbus.setup.nominal_voltage == Volts{48});
        }
    }
    GIVEN("the unit ids that serial lines reserve") {
        const std::string reserved = " is not from 1 to 247, with rtu and rtuovertcp the numbers above are reserved";
        THEN("they exist in Modbus TCP only") {
            CHECK(modbus_of(lan + "unit_id = 255\n").unit_id == 255);
            CHECK(modbus_of("serial = /dev/ttyUSB0\nunit_id = 247\n").unit_id == 247);
            CHECK(mistake_in(lan + "framing = rtuovertcp\nunit_id = 248\n") ==
                  "line 5: [battery a] unit_id: 248" + reserved);
            CHECK(mistake_in("serial = /dev/ttyUSB0\nunit_id = 255\n") ==
                  "line 4: [battery a] unit_id: 255" + reserved);
            CHECK(problems_in("[DEFAULT]\nunit_id = 255\n" + marstek("address = /dev/ttyUSB0\n")) ==
                  "line 2: [DEFAULT] unit_id: 255" + reserved);
        }
    }
    GIVEN("no address") {
        THEN("it is missing") {
            CHECK(mistake_in("") ==
                  "line 1: [battery a] address is missing, write address = host[:port] or serial = /dev/...");
        }
        THEN("it may stand in a line that could not be read") {
            CHECK(mistake_in("address 10.0.0.5\n") ==
                  "line 3: [battery a] 'address 10.0.0.5' is neither a [section] nor 'key = value'");
        }
    }
    GIVEN("values out of range") {
        THEN("each is a sentence") {
            CHECK(mistake_in(lan +
                             "unit_id = 0\npoll_s = 0.9\ngap_ms = 1001\nfamily = v2\nmodel = e4\nframing = ascii\n"
                             "port = 65536\n") ==
                  "line 4: [battery a] unit_id: '0' is not a whole number from 1 to 255\n"
                  "line 5: [battery a] poll_s: '0.9' is not a number from 1 to 60 (seconds)\n"
                  "line 6: [battery a] gap_ms: '1001' is not a whole number from 80 to 1000 (ms)\n"
                  "line 7: [battery a] family: 'v2' is not auto, v12 or v3\n"
                  "line 8: [battery a] model: 'e4' is none of auto, e, c (v12), e3, a, d, c (v3)\n"
                  "line 9: [battery a] framing: 'ascii' is not tcp, rtuovertcp or rtu\n"
                  "line 10: [battery a] port: '65536' is not a whole number from 1 to 65535");
        }
    }
}

SCENARIO("a Marstek is at a host or at a serial device") {
    GIVEN("addresses of both kinds") {
        THEN("the framing follows") {
            CHECK(modbus_of("address = [fe80::1%%eth0]:503\n").address ==
                  ModbusAddress{.host = "fe80::1%eth0", .port = 503});
            CHECK(modbus_of("address = /dev/ttyUSB0\n").address ==
                  ModbusAddress{.framing = Framing::rtu, .serial = "/dev/ttyUSB0"});
            CHECK(modbus_of("serial = /dev/ttyUSB0\nframing = rtu\n").address ==
                  ModbusAddress{.framing = Framing::rtu, .serial = "/dev/ttyUSB0"});
        }
    }
    GIVEN("both at once") {
        THEN("both are named") {
            CHECK(mistake_in(lan + "serial = /dev/ttyUSB0\n") ==
                  "line 4: [battery a] serial: there is address in line 3 too; keep one");
        }
        THEN("the one of the section counts, not that of DEFAULT") {
            const auto address = [](const std::string& defaults, const std::string& lines) {
                return config_of("[DEFAULT]\n" + defaults + marstek(lines)).batteries.at(0).modbus.value().address;
            };
            const ModbusAddress serial{.framing = Framing::rtu, .serial = "/dev/ttyUSB0"};
            CHECK(address("address = gateway\nport = 503\n", "serial = /dev/ttyUSB0\n") == serial);
            CHECK(address("serial = /dev/ttyUSB0\n", lan) == ModbusAddress{.host = "10.0.0.5"});
        }
        THEN("two in DEFAULT contradict each other, too") {
            CHECK(problems_in("[DEFAULT]\naddress = gateway\nserial = /dev/ttyUSB0\n" + marstek("")) ==
                  "line 3: [DEFAULT] serial: there is address in line 2 too; keep one");
        }
    }
    GIVEN("a port that stands twice") {
        THEN("it must be the same") {
            CHECK(modbus_of("address = gateway:503\nport = 503\n").address.port == 503);
            CHECK(mistake_in("address = gateway:503\nport = 502\n") ==
                  "line 4: [battery a] port: address in line 3 says port 503; keep one");
        }
        THEN("the one of the section counts, not that of DEFAULT") {
            const auto port = [](const std::string& defaults, const std::string& lines) {
                return config_of("[DEFAULT]\n" + defaults + marstek(lines)).batteries.at(0).modbus.value().address.port;
            };
            CHECK(port("port = 502\n", "address = gateway:503\n") == 503);
            CHECK(port("address = gateway:503\n", "port = 504\n") == 504);
        }
    }
    GIVEN("a framing or a port that does not fit") {
        THEN("both keys are named") {
            CHECK(mistake_in(lan + "framing = rtu\n") ==
                  "line 4: [battery a] framing: rtu is for a serial device, a host needs tcp or rtuovertcp (address in "
                  "line 3)");
            for (const std::string framing : {"tcp", "rtuovertcp"})
                CHECK(mistake_in("framing = " + framing + "\nserial = /dev/ttyUSB0\n") ==
                      "line 3: [battery a] framing: a serial device needs rtu (serial in line 4)");
            CHECK(mistake_in("address = /dev/ttyUSB0\nport = 502\n") ==
                  "line 4: [battery a] port: a serial device has none (address in line 3); remove it");
        }
    }
    GIVEN("an address that is none") {
        THEN("only that is told") {
            CHECK(mistake_in("address = gateway:0\nframing = rtu\n") ==
                  "line 3: [battery a] address: the port of 'gateway:0' is not a whole number from 1 to 65535");
            CHECK(mistake_in("serial = ttyUSB0\nframing = rtu\n") ==
                  "line 3: [battery a] serial: 'ttyUSB0' is not a serial device, write /dev/...");
        }
        THEN("it contains no password") {
            const std::string secret = "Tr0ub4dor";
            for (const std::string& lines :
                 {"address = tcp://u:" + secret + "@host\n", "address = u:" + secret + "@h\n",
                  "my_token = " + secret + "\naddress = %(my_token)s !\n",
                  "my_token = " + secret + "\nserial = %(my_token)s\n"}) {
                CHECK_FALSE(mistake_in(lines).empty());
                CHECK(mistake_in(lines).find(secret) == std::string::npos);
            }
        }
    }
}

SCENARIO("the model of a Marstek belongs to a family") {
    GIVEN("a model of one family only") {
        THEN("it says which") {
            CHECK(modbus_of(lan + "model = E3\n").setup.family == "v3");
            CHECK(modbus_of(lan + "model = e\nfamily = auto\n").setup.family == "v12");
        }
    }
    GIVEN("a model of several") {
        THEN("the family must be written") {
            CHECK(mistake_in(lan + "model = c\n") ==
                  "line 4: [battery a] model: several families have a model c, write family, too");
            CHECK(modbus_of(lan + "model = c\nfamily = v3\n").setup.family == "v3");
        }
    }
    GIVEN("a model of another family") {
        THEN("those of the family are named") {
            CHECK(mistake_in(lan + "model = e3\nfamily = v12\n") ==
                  "line 4: [battery a] model: v12 has no model e3, only e, c (family in line 5)");
        }
    }
    GIVEN("a family without a model") {
        THEN("the model is found out") { CHECK(modbus_of(lan + "family = v3\n").setup.model == "auto"); }
    }
}

SCENARIO("a battery has the keys of its type") {
    const std::string broker = "[MQTT]\nbroker_address = broker\n"; // two lines
    GIVEN("keys of MQTT with a Marstek") {
        THEN("each is told, with what would be right") {
            CHECK(mistake_in(lan + "topic = x\nbroker_address = b\nbroker_port = 1\npassword = p\ntls_enabled = 0\n") ==
                  "line 4: [battery a] topic: is for type = mqtt, but type in line 2 is marstek-modbus; remove it\n"
                  "line 5: [battery a] broker_address: is for type = mqtt, but type in line 2 is marstek-modbus; write "
                  "address\n"
                  "line 6: [battery a] broker_port: is for type = mqtt, but type in line 2 is marstek-modbus; write "
                  "port\n"
                  "line 7: [battery a] password: is for type = mqtt, but type in line 2 is marstek-modbus; remove it\n"
                  "line 8: [battery a] tls_enabled: is for type = mqtt, but type in line 2 is marstek-modbus; remove "
                  "it");
        }
    }
    GIVEN("keys of Modbus with a battery on MQTT") {
        THEN("each is told, with what would be right") {
            CHECK(problems_in(broker + "[battery a]\ntype = mqtt\ntopic = x\nunit_id = 2\nport = 1883\n") ==
                  "line 6: [battery a] unit_id: is for type = marstek-modbus, but type in line 4 is mqtt; remove it\n"
                  "line 7: [battery a] port: is for type = marstek-modbus, but type in line 4 is mqtt; write "
                  "broker_port");
        }
        THEN("without a type it may be missing, and nothing else is called missing") {
            CHECK(problems_in("[battery a]\naddress = 10.0.0.5\nfamily = v3\n") ==
                  "line 2: [battery a] address: is for type = marstek-modbus, without a type the battery is mqtt; set "
                  "the type or write broker_address\n"
                  "line 3: [battery a] family: is for type = marstek-modbus, without a type the battery is mqtt; set "
                  "the type or remove it");
        }
    }
    GIVEN("both kinds of batteries") {
        const Config config =
            config_of("[DEFAULT]\nunit_id = 3\ntopic = t\nbroker_port = 1884\ncoupling = ac\n" + broker + marstek(lan));
        THEN("each takes from [DEFAULT] and [MQTT] what is its own") {
            REQUIRE(config.batteries.size() == 2);
            CHECK(config.batteries[0].broker == BrokerConfig{.host = "broker", .port = 1884});
            CHECK_FALSE(config.batteries[0].modbus);
            CHECK(config.batteries[1].broker == BrokerConfig{});
            CHECK(config.batteries[1].topic.empty());
            CHECK(config.batteries[1].modbus.value().unit_id == 3);
        }
    }
    GIVEN("the type in DEFAULT") {
        THEN("it holds for every [battery NAME], not for [MQTT]") {
            const Config config =
                config_of("[DEFAULT]\ntype = marstek-modbus\n" + one_battery + "coupling = ac\n[battery a]\n" + lan);
            CHECK(config.batteries.at(0).type == BatteryType::mqtt);
            CHECK(config.batteries.at(1).type == BatteryType::marstek_modbus);
        }
    }
}

SCENARIO("a Marstek is AC-coupled") {
    GIVEN("a coupling that says otherwise") {
        THEN("the reason is told, once") {
            CHECK(
                mistake_in(lan + "coupling = DC\n") ==
                "line 4: [battery a] coupling: dc is not possible for a Marstek, it has an inverter of its own; write "
                "ac");
            CHECK(problems_in("[DEFAULT]\ncoupling = dc\n" + marstek(lan) + marstek("address = 10.0.0.6\n", "b")) ==
                  "line 2: [DEFAULT] coupling: dc is not possible for a Marstek, it has an inverter of its own; write "
                  "ac");
        }
    }
    GIVEN("a battery on MQTT beside it") {
        THEN("that must be AC-coupled as well") {
            CHECK(problems_in(one_battery + marstek(lan)) ==
                  "line 4: AC-coupled [battery a] (line 4) and DC-coupled [MQTT] (line 1) cannot be one virtual "
                  "battery, write coupling = ac for every battery beside a Marstek or use two instances");
            CHECK(problems_in(one_battery + "coupling = ac\n" + marstek(lan)).empty());
        }
        THEN("it does not count while it is still the one of the sample") {
            CHECK(
                problems_in("[MQTT]\nbroker_address = IP_ADDR_OR_FQDN\ntopic = home/battery\n" + marstek(lan)) ==
                "line 2: [MQTT] broker_address: 'IP_ADDR_OR_FQDN' is still the placeholder, write the host name or IP "
                "address of the MQTT broker, or remove broker_address and topic when no battery is on MQTT");
        }
    }
}

SCENARIO("batteries on Modbus are told apart by address and unit id") {
    const auto two = [](const std::string& first, const std::string& second) {
        return problems_in(marstek(first, "a") + marstek(second, "b"));
    };
    GIVEN("several behind one gateway") {
        THEN("each has its unit id") {
            CHECK(two("address = gateway\n", "address = gateway\nunit_id = 2\n").empty());
            CHECK(two("serial = /dev/ttyUSB0\n", "serial = /dev/ttyUSB0\nunit_id = 2\n").empty());
            CHECK(two("address = gateway\n", "address = gateway\nport = 503\n").empty());
            CHECK(two("serial = /dev/ttyUSB0\n", "serial = /dev/ttyUSB1\n").empty());
        }
        THEN("without one both are named") {
            const std::string mistake = "line 4: [battery b] has the same address and unit_id as [battery a] (line 1)";
            CHECK(two("address = gateway\n", "address = GATEWAY:502\nunit_id = 1\n") == mistake);
            CHECK(two("serial = /dev/ttyUSB0\n", "address = /dev/ttyUSB0\n") == mistake);
        }
        THEN("they share one framing") {
            CHECK(two("address = gateway\n", "address = gateway\nunit_id = 2\nframing = rtuovertcp\n") ==
                  "line 4: [battery b] has the same address but another framing than [battery a] (line 1)");
        }
    }
    GIVEN("addresses that are wrong or missing") {
        THEN("they are not compared") {
            CHECK(two("address = a b\n", "address = a b\n") ==
                  "line 3: [battery a] address: 'a b' is not host[:port] or /dev/..., write IPv6 as [address]:port\n"
                  "line 6: [battery b] address: 'a b' is not host[:port] or /dev/..., write IPv6 as [address]:port");
            CHECK(two("", "") ==
                  "line 1: [battery a] address is missing, write address = host[:port] or serial = /dev/...\n"
                  "line 3: [battery b] address is missing, write address = host[:port] or serial = /dev/...");
        }
    }
}

SCENARIO("members are published on request") {
    CHECK(config_of("[DEFAULT]\npublish_members = yes\n" + one_battery).publish_members);
    CHECK_FALSE(config_of("[DEFAULT]\npublish_members = 0\n" + one_battery).publish_members);
    CHECK(problems_in("[DEFAULT]\npublish_members = all\n" + one_battery) ==
          "line 2: [DEFAULT] publish_members: 'all' is not 0 or 1 (no or yes)");
}
