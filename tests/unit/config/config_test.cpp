#include "config_testing.hpp"

using namespace vbat;
using namespace vbat::testing;
using namespace std::chrono_literals;

namespace {

std::string with_default(const std::string& lines) { return "[DEFAULT]\n" + lines + "\n" + one_battery; }
std::string with_time_to_go(const std::string& lines) { return "[TIME_TO_GO]\n" + lines + "\n" + one_battery; }

} // namespace

SCENARIO("a short configuration gets defaults") {
    GIVEN("only a broker and a topic") {
        const Config config = config_of(one_battery);
        THEN("everything else is as documented") {
            CHECK(config.logging == LogLevel::warning);
            CHECK(config.device_name == "Virtual Battery");
            CHECK(config.device_instance == 100);
            CHECK(config.timeout == 60s);
            CHECK(config.time_to_go.enabled);
            CHECK(config.time_to_go.soc == 10_pct);
            CHECK(config.time_to_go.recalculate_every == 300s);
            REQUIRE(config.batteries.size() == 1);
            const BatteryConfig& battery = config.batteries[0];
            CHECK(battery.name == "mqtt");
            CHECK(battery.topic == "home/battery");
            CHECK(battery.coupling == Coupling::dc);
            CHECK_FALSE(battery.capacity);
            CHECK_FALSE(battery.nominal_voltage);
            CHECK(battery.broker == BrokerConfig{.host = "broker"});
            CHECK(battery.broker.port == 1883);
        }
    }
}

SCENARIO("a config.ini of dbus-mqtt-battery runs unchanged") {
    const std::string start = "\n; CONFIG FILE\n\n[DEFAULT]\n; default: WARNING\nlogging = WARNING\n\n"
                              "device_name = MQTT Battery\n\ndevice_instance = 100\ntimeout = 60\n\n\n"
                              "[TIME_TO_GO]\nenabled = 1\nsoc = 10\nrecalculate_every = 300\n\n\n[MQTT]\n"
                              "broker_address = 192.168.1.20\nbroker_port = 1883\n";
    GIVEN("its sample with the address filled in") {
        const Config config = config_of(start + ";tls_enabled = 1\n;username = myuser\ntopic = enphase/battery\n");
        THEN("it means the same") {
            CHECK(config.device_name == "MQTT Battery");
            CHECK(config.device_instance == 100);
            REQUIRE(config.batteries.size() == 1);
            CHECK(config.batteries[0].topic == "enphase/battery");
            CHECK(config.batteries[0].broker == BrokerConfig{.host = "192.168.1.20", .port = 1883});
        }
    }
    GIVEN("its lines for TLS and the login uncommented") {
        const TempFolder folder;
        const std::string ca = folder.write("mosquitto.crt", "certificate");
        const Config config = config_of(start + "tls_enabled = 1\ntls_path_to_ca = " + ca +
                                        "\ntls_insecure = 1\nusername = myuser\npassword = mypassword\n"
                                        "topic = enphase/battery\n");
        THEN("the connection is encrypted and the port stays as written") {
            const BrokerConfig& broker = config.batteries.at(0).broker;
            CHECK(broker.port == 1883);
            CHECK(broker.username == "myuser");
            CHECK(broker.password == "mypassword");
            CHECK(broker.tls == TlsConfig{.enabled = true, .ca_file = ca, .insecure = true});
        }
    }
    GIVEN("keys that it takes as switched off") {
        const Config config = config_of("[TIME_TO_GO]\nenabled =\n" + one_battery +
                                        "tls_enabled =\ntls_insecure =\ntls_path_to_ca =\nusername =\npassword =\n");
        THEN("they are off") {
            CHECK_FALSE(config.time_to_go.enabled);
            CHECK(config.batteries[0].broker == BrokerConfig{.host = "broker"});
        }
    }
}

SCENARIO("[DEFAULT] is read") {
    GIVEN("good values") {
        const Config config = config_of(with_default("logging = debug\ndevice_name = Cellar \xF0\x9F\x94\x8B 100%%\n"
                                                     "device_instance = 65535\ntimeout = 0"));
        THEN("they are taken") {
            CHECK(config.logging == LogLevel::debug);
            CHECK(config.device_name == "Cellar \xF0\x9F\x94\x8B 100%");
            CHECK(config.device_instance == 65535);
            CHECK(config.timeout == 0s);
        }
        THEN("all four log levels are known") {
            CHECK(config_of(with_default("logging = ERROR")).logging == LogLevel::error);
            CHECK(config_of(with_default("logging = Warning")).logging == LogLevel::warning);
            CHECK(config_of(with_default("logging = info")).logging == LogLevel::info);
        }
    }
    GIVEN("bad values") {
        THEN("each is a sentence") {
            CHECK(problems_in(with_default("logging = LOUD\ndevice_name =\ndevice_instance = -1\ntimeout = 86401")) ==
                  "line 2: [DEFAULT] logging: 'LOUD' is not ERROR, WARNING, INFO or DEBUG\n"
                  "line 3: [DEFAULT] device_name: '' is empty\n"
                  "line 4: [DEFAULT] device_instance: '-1' is not a whole number from 0 to 65535\n"
                  "line 5: [DEFAULT] timeout: '86401' is not a whole number from 0 to 86400 (seconds)");
        }
    }
    GIVEN("numbers that are none") {
        THEN("nothing is guessed") {
            for (const std::string wrong : {"", "60s", "6 0", "60.0", "0x3c", "1e2", "99999999999999999999", "nan"})
                CHECK(problems_in(with_default("timeout = " + wrong)) ==
                      "line 2: [DEFAULT] timeout: '" + wrong + "' is not a whole number from 0 to 86400 (seconds)");
        }
    }
    GIVEN("a battery behind an inverter of its own") {
        THEN("the instance is one that systemcalc does not prefer") {
            CHECK(config_of(one_battery + "coupling = ac\n").device_instance == 600);
            CHECK(config_of("[DEFAULT]\ndevice_instance = 5\n" + one_battery + "coupling = AC\n").device_instance == 5);
        }
    }
}

SCENARIO("[TIME_TO_GO] is read") {
    GIVEN("good values") {
        const Config config = config_of(with_time_to_go("enabled = no\nsoc = 12.5\nrecalculate_every = 5"));
        THEN("they are taken") {
            CHECK_FALSE(config.time_to_go.enabled);
            CHECK(config.time_to_go.soc == Percent{12.5});
            CHECK(config.time_to_go.recalculate_every == 5s);
        }
        THEN("configparser's words for yes and no are known") {
            for (const std::string yes : {"1", "yes", "True", "ON"})
                CHECK(config_of(with_time_to_go("enabled = " + yes)).time_to_go.enabled);
            for (const std::string no : {"0", "No", "false", "off"})
                CHECK_FALSE(config_of(with_time_to_go("enabled = " + no)).time_to_go.enabled);
        }
    }
    GIVEN("bad values") {
        THEN("each is a sentence") {
            CHECK(problems_in(with_time_to_go("enabled = maybe\nsoc = 101\nrecalculate_every = 4")) ==
                  "line 2: [TIME_TO_GO] enabled: 'maybe' is not 0 or 1 (no or yes)\n"
                  "line 3: [TIME_TO_GO] soc: '101' is not a number from 0 to 100 (percent)\n"
                  "line 4: [TIME_TO_GO] recalculate_every: '4' is not a whole number from 5 to 86400 (seconds)");
            for (const std::string wrong : {"nan", "inf", "-0.1", "10,5", "10 %%"})
                CHECK_FALSE(problems_in(with_time_to_go("soc = " + wrong)).empty());
        }
    }
    GIVEN("no such section, but its keys in DEFAULT") {
        THEN("they count") { CHECK(config_of(with_default("soc = 33")).time_to_go.soc == 33_pct); }
    }
}

SCENARIO("what no table knows is a mistake") {
    GIVEN("unknown keys") {
        THEN("the likely key or the right section is named") {
            CHECK(problems_in("[DEFAULT]\nloging = INFO\n[TIME_TO_GO]\ntopic = x\nwallpaper = blue\n" + one_battery +
                              "port = 1883\ntype = mqtt\n[battery a]\ntopic = a\ntimeout = 5\n") ==
                  "line 2: [DEFAULT] loging: unknown key, did you mean logging?\n"
                  "line 4: [TIME_TO_GO] topic: unknown key here, it belongs in [MQTT] or [battery NAME]\n"
                  "line 5: [TIME_TO_GO] wallpaper: unknown key\n"
                  "line 9: [MQTT] port: unknown key, did you mean broker_port?\n"
                  "line 10: [MQTT] type: unknown key here, it belongs in [battery NAME]\n"
                  "line 13: [battery a] timeout: unknown key here, it belongs in [DEFAULT]");
        }
    }
    GIVEN("unknown sections") {
        THEN("the likely section is named, and nothing is called missing") {
            CHECK(problems_in("[Default]\n[TIME-TO-GO]\n[Mqtt]\n[Battery left]\n[battery_left]\n[meter]\n") ==
                  "line 1: [Default] is not a known section, did you mean [DEFAULT]?\n"
                  "line 2: [TIME-TO-GO] is not a known section, did you mean [TIME_TO_GO]?\n"
                  "line 3: [Mqtt] is not a known section, did you mean [MQTT]?\n"
                  "line 4: [Battery left] is not a known section, did you mean [battery NAME]?\n"
                  "line 5: [battery_left] is not a known section, this version knows [DEFAULT], [TIME_TO_GO], [MQTT] "
                  "and [battery NAME]\n"
                  "line 6: [meter] is not a known section, this version knows [DEFAULT], [TIME_TO_GO], [MQTT] and "
                  "[battery NAME]");
        }
    }
    GIVEN("a key of the user's own that another value refers to") {
        THEN("it is welcome") {
            const Config config = config_of("[DEFAULT]\nroot = home\n[MQTT]\nbroker_address = broker\n"
                                            "leaf = battery\ntopic = %(root)s/%(leaf)s\n");
            CHECK(config.batteries[0].topic == "home/battery");
        }
        THEN("it is unknown when nothing refers to it") {
            CHECK(problems_in("[DEFAULT]\nroot = home\n" + one_battery) == "line 2: [DEFAULT] root: unknown key");
        }
    }
    GIVEN("keys of other sections in DEFAULT") {
        THEN("the sections inherit them, and a section's own value wins") {
            const Config config = config_of("[DEFAULT]\nbroker_address = a\nbroker_port = 1\ncoupling = ac\n"
                                            "[MQTT]\nbroker_port = 2\ntopic = t\n");
            CHECK(config.batteries[0].broker.host == "a");
            CHECK(config.batteries[0].broker.port == 2);
            CHECK(config.batteries[0].coupling == Coupling::ac);
        }
        THEN("a mistake in them is told once, at its place") {
            CHECK(problems_in("[DEFAULT]\nbroker_port = x\n" + one_battery + "[battery b]\ntopic = b\n") ==
                  "line 2: [DEFAULT] broker_port: 'x' is not a whole number from 1 to 65535");
        }
    }
}

SCENARIO("values that cannot be used") {
    GIVEN("a key that was indented by accident") {
        THEN("the line above is said to be continued, except for the name: there it is possible") {
            CHECK(problems_in("[MQTT]\nbroker_address = broker\n  broker_port = 1883\ntopic = a\n") ==
                  "line 2: [MQTT] broker_address: the indented line below continues this value; start every key at the "
                  "same depth");
            CHECK(config_of(with_default("device_name = two\n  lines")).device_name == "two\nlines");
            CHECK(problems_in(with_default("timeout = 60\n  device_name = x")) ==
                  "line 2: [DEFAULT] timeout: the indented line below continues this value; start every key at the "
                  "same depth");
        }
    }
    GIVEN("percent signs") {
        THEN("the mistake says how to write them") {
            CHECK(problems_in(with_default("device_name = 100%\ntimeout = %(x)s")) ==
                  "line 2: [DEFAULT] device_name: '%' must be written '%%'\n"
                  "line 3: [DEFAULT] timeout: %(x)s refers to a key that does not exist");
        }
    }
    GIVEN("a long value") {
        THEN("only its beginning is shown") {
            CHECK(problems_in(with_default("logging = " + std::string(150, 'x'))) ==
                  "line 2: [DEFAULT] logging: '" + std::string(80, 'x') + "...' is not ERROR, WARNING, INFO or DEBUG");
        }
    }
}

SCENARIO("all mistakes are told at once, in the order of the lines") {
    const std::string content =
        "[DEFAULT]\nlogging = LOUD\nnonsense\n[MQTT]\nbroker_port = 99999\ntopc = a\ntopic = #\n"
        "topic = b\n[battery a]\ntopic = 100%\n";
    GIVEN("mistakes of every kind") {
        THEN("one report has them all") {
            CHECK(problems_in(content) ==
                  "line 2: [DEFAULT] logging: 'LOUD' is not ERROR, WARNING, INFO or DEBUG\n"
                  "line 3: [DEFAULT] 'nonsense' is neither a [section] nor 'key = value'\n"
                  "line 5: [MQTT] broker_port: '99999' is not a whole number from 1 to 65535\n"
                  "line 6: [MQTT] topc: unknown key, did you mean topic?\n"
                  "line 7: [MQTT] topic: '#' contains a wildcard (+ or #), a battery needs one topic of its own\n"
                  "line 8: [MQTT] topic was already set in line 7\n"
                  "line 10: [battery a] topic: '%' must be written '%%'");
        }
        THEN("each is also available by itself") {
            try {
                config_of(content);
                FAIL("no mistake found");
            } catch (const ConfigError& error) {
                CHECK(error.problems().size() == 7);
                CHECK(error.problems()[1] == "line 3: [DEFAULT] 'nonsense' is neither a [section] nor 'key = value'");
            }
        }
    }
    GIVEN("an empty file") {
        THEN("there is no battery") {
            CHECK(problems_in("") ==
                  "no battery is configured, write broker_address and topic in [MQTT] or add a [battery NAME]");
        }
    }
}

SCENARIO("a password is never shown") {
    GIVEN("a password in every place where something can be wrong") {
        const std::string secret = "Tr0ub4dor";
        const std::vector<std::string> contents{
            one_battery + "password = " + secret + "%x\n",
            one_battery + "password = " + secret + "%(" + secret + ")s\n",
            one_battery + "password = x\n  " + secret + "\n",
            one_battery + "password = " + secret + "\npassword = " + secret + "2\n",
            one_battery + "password =\n" + secret + "\n",
            one_battery + "password " + secret + "\n",
            one_battery + "pasword =\n" + secret + "\nx" + secret + "\n",
            one_battery + "password =\n[" + secret + "\n",
            one_battery + "pasword = " + secret + "\n",
            one_battery + "password = " + secret + "\x01\n",
            one_battery + "password = " + secret + std::string(200, 'x') + "\n",
            "[MQTT]\nbroker_address = broker\npassword = " + secret + "\ntopic = %(password)s/#\n",
            "[MQTT]\nbroker_address = %(password)s !\npassword = " + secret + "\ntopic = a\n",
            "[MQTT]\nbroker_address = %(password)s:1883\npassword = " + secret + "\ntopic = a\n",
            one_battery + "password = %(part)s\npart = x%(" + secret + ")s\n",
            "[MQTT]\nbroker_address = mqtt://user:" + secret + "@broker\ntopic = a\n",
            "[MQTT]\nbroker_address = user:" + secret + "@broker\ntopic = a\n",
            one_battery + "mqtt_pass = " + secret + "\nbroker_port = %(mqtt_pass)s\n",
            one_battery + "password = " + secret + "\npassword_file = %(password)s\nusername = u\n",
            one_battery + "password = " + secret +
                "\n[battery a]\ntopic = %(password)s\n[battery b]\ntopic = a\n"
                "[battery c]\ntopic = a\npassword = " +
                secret + "\n",
            "[DEFAULT]\npassword = " + secret +
                "\n[MQTT]\nbroker_address = b\ntopic = x%(password)s\n[battery b]\n"
                "topic = x%(password)s\n",
        };
        THEN("it appears in no mistake") {
            for (const auto& content : contents) {
                const std::string problems = problems_in(content);
                CAPTURE(content);
                CHECK_FALSE(problems.empty());
                CHECK(problems.find(secret) == std::string::npos);
                CHECK(problems.find("tr0ub4dor") == std::string::npos);
            }
        }
        THEN("three stars stand for it") {
            CHECK(problems_in("[MQTT]\nbroker_address = b\npassword = x\ntopic = %(password)s/#\n") ==
                  "line 4: [MQTT] topic: '***' contains a wildcard (+ or #), a battery needs one topic of its own");
        }
    }
}
