#include "config_testing.hpp"

using namespace vbat;
using namespace vbat::testing;

namespace {

std::string with_address(const std::string& address) {
    return "[MQTT]\nbroker_address = " + address + "\ntopic = home/battery\n";
}

std::string host_of(const std::string& address) { return config_of(with_address(address)).batteries.at(0).broker.host; }

BrokerConfig broker_of(const std::string& lines, const std::filesystem::path& folder = "/nonexistent") {
    return config_of(one_battery + lines, folder).batteries.at(0).broker;
}

} // namespace

SCENARIO("the broker has an address") {
    GIVEN("host names and IP addresses") {
        THEN("they are accepted, IPv6 with or without brackets") {
            CHECK(host_of("broker") == "broker");
            CHECK(host_of("my_broker-1.example.org.") == "my_broker-1.example.org.");
            CHECK(host_of("192.168.1.20") == "192.168.1.20");
            CHECK(host_of("::1") == "::1");
            CHECK(host_of("[::1]") == "::1");
            CHECK(host_of("2001:db8::5:1883") == "2001:db8::5:1883");
            CHECK(host_of("fe80::1%%eth0") == "fe80::1%eth0");
            CHECK(host_of("3com.example") == "3com.example");
        }
    }
    GIVEN("the placeholder of the sample") {
        THEN("it is recognised") {
            CHECK(
                problems_in(with_address("IP_ADDR_OR_FQDN")) ==
                "line 2: [MQTT] broker_address: 'IP_ADDR_OR_FQDN' is still the placeholder, write the host name or IP "
                "address of the MQTT broker, or remove broker_address and topic when no battery is on MQTT");
        }
    }
    GIVEN("a URL") {
        THEN("the mistake tells what to write") {
            for (const std::string url : {"mqtt://broker", "mqtts://broker:8883/", "tcp://u:p@broker", "u@broker"})
                CHECK(problems_in(with_address(url)) ==
                      "line 2: [MQTT] broker_address: this is a URL, write only the host name or IP address, and the "
                      "port as broker_port");
        }
    }
    GIVEN("a port behind the host") {
        THEN("the mistake tells what to write") {
            for (const std::string address : {"broker:1884", "192.168.1.20:1883", "[::1]:1884"})
                CHECK(problems_in(with_address(address)) ==
                      "line 2: [MQTT] broker_address: '" + address +
                          "' contains a port, write only the host here and the port as broker_port");
        }
    }
    GIVEN("anything else") {
        THEN("it is no address") {
            const std::string long_label = std::string(64, 'a');
            for (const std::string& wrong : {std::string{"a b"},       std::string{"a/b"},
                                             std::string{"a..b"},      std::string{".a"},
                                             std::string{"-a"},        std::string{"192.168.1.300"},
                                             std::string{"1.2.3"},     std::string{"[::1"},
                                             std::string{"::1]"},      std::string{"[]"},
                                             std::string{"[broker]"},  std::string{"1::2::3"},
                                             std::string{"fe80::1%%"}, std::string{":"},
                                             std::string{"broker:"},   std::string{":1883"},
                                             std::string{"broker:x"},  std::string{"b\xC3\xB6x"},
                                             std::string{"."},         long_label}) {
                const std::string problems = problems_in(with_address(wrong));
                CHECK(problems.find("line 2: [MQTT] broker_address: '") == 0);
                CHECK(problems.find("' is not a host name or IP address") != std::string::npos);
            }
            CHECK(problems_in(with_address("")) == "line 2: [MQTT] broker_address: '' is empty, write the host name or "
                                                   "IP address of the MQTT broker");
        }
    }
    GIVEN("none at all") {
        THEN("each battery that needs it says so") {
            CHECK(problems_in(
                      "[MQTT]\ntopic = a\n[battery b]\ntopic = b\n[battery c]\ntopic = c\nbroker_address = c\n") ==
                  "line 1: [MQTT] broker_address is missing\n"
                  "line 3: [battery b] broker_address is missing, write it here or in [MQTT]");
        }
        THEN("nothing is said when all batteries have their own") {
            CHECK(problems_in("[MQTT]\nusername = u\n[battery b]\ntopic = b\nbroker_address = b\n").empty());
        }
    }
}

SCENARIO("the broker has a port") {
    GIVEN("none in the file") {
        THEN("it depends on TLS") {
            CHECK(broker_of("").port == 1883);
            CHECK(broker_of("tls_enabled = 1\n").port == 8883);
            CHECK(broker_of("tls_enabled = 1\nbroker_port = 1884\n").port == 1884);
        }
    }
    GIVEN("a number out of range") {
        THEN("the range is named") {
            CHECK(problems_in(one_battery + "broker_port = 99999\n") ==
                  "line 4: [MQTT] broker_port: '99999' is not a whole number from 1 to 65535");
            CHECK(problems_in(one_battery + "broker_port = 0\n") ==
                  "line 4: [MQTT] broker_port: '0' is not a whole number from 1 to 65535");
        }
    }
}

SCENARIO("TLS names files") {
    const TempFolder folder;
    folder.write("ca.crt", "ca");
    folder.write("client.crt", "certificate");
    folder.write("client.key", "key");
    GIVEN("files beside the configuration") {
        const BrokerConfig broker = broker_of("tls_enabled = yes\ntls_path_to_ca = ca.crt\n"
                                              "tls_path_to_cert = client.crt\ntls_path_to_key = client.key\n",
                                              folder.path());
        THEN("they are found there") {
            CHECK(broker.tls == TlsConfig{.enabled = true,
                                          .ca_file = folder.path() / "ca.crt",
                                          .cert_file = folder.path() / "client.crt",
                                          .key_file = folder.path() / "client.key"});
        }
    }
    GIVEN("tls_insecure in several spellings") {
        THEN("only what means yes switches it on") {
            CHECK(broker_of("tls_enabled = 1\ntls_insecure = TRUE\n").tls.insecure);
            CHECK_FALSE(broker_of("tls_enabled = 1\ntls_insecure = 0\n").tls.insecure);
            CHECK_FALSE(broker_of("tls_enabled = 1\ntls_insecure =\n").tls.insecure);
            CHECK(problems_in(one_battery + "tls_insecure = perhaps\n") ==
                  "line 4: [MQTT] tls_insecure: 'perhaps' is not 0 or 1 (no or yes)");
        }
    }
    GIVEN("files that cannot be read") {
        THEN("the reason is told") {
            CHECK(problems_in(one_battery + "tls_enabled = 1\ntls_path_to_ca = missing.crt\n", folder.path()) ==
                  "line 5: [MQTT] tls_path_to_ca: 'missing.crt' cannot be read: No such file or directory");
            CHECK(problems_in(one_battery + "tls_enabled = 1\ntls_path_to_ca = .\n", folder.path()) ==
                  "line 5: [MQTT] tls_path_to_ca: '.' cannot be read: Is a directory");
            CHECK(problems_in(one_battery + "tls_enabled = 1\ntls_path_to_ca = ca.crt/x\n", folder.path()) ==
                  "line 5: [MQTT] tls_path_to_ca: 'ca.crt/x' cannot be read: Not a directory");
            CHECK(problems_in(one_battery + "tls_enabled = 1\ntls_path_to_ca = /dev/zero\n", folder.path()) ==
                  "line 5: [MQTT] tls_path_to_ca: '/dev/zero' cannot be read: not a regular file");
        }
    }
    GIVEN("half of a client certificate") {
        THEN("the other half is asked for") {
            CHECK(problems_in(one_battery + "tls_enabled = 1\ntls_path_to_cert = client.crt\n", folder.path()) ==
                  "line 5: [MQTT] tls_path_to_cert: needs tls_path_to_key beside it");
            CHECK(problems_in(one_battery + "tls_enabled = 1\ntls_path_to_key = client.key\ntls_path_to_cert =\n",
                              folder.path()) == "line 5: [MQTT] tls_path_to_key: needs tls_path_to_cert beside it");
        }
    }
    GIVEN("TLS switched off") {
        THEN("its files are not looked at") {
            CHECK(broker_of("tls_enabled = 0\ntls_path_to_ca = /missing\ntls_insecure = 1\n").tls == TlsConfig{});
        }
    }
}

SCENARIO("the broker asks who is there") {
    const TempFolder folder;
    GIVEN("a user name and a password") {
        THEN("both are used, whatever characters they have") {
            const BrokerConfig broker = broker_of("username = u ;1\npassword = a;b #c%% = d\n");
            CHECK(broker.username == "u ;1");
            CHECK(broker.password == "a;b #c% = d");
        }
    }
    GIVEN("one without the other") {
        THEN("the login is anonymous") {
            for (const std::string lines :
                 {"username = u\n", "username = u\npassword =\n", "password = p\n", "username=\npassword = p\n"})
                CHECK(broker_of(lines) == BrokerConfig{.host = "broker"});
        }
    }
    GIVEN("a password file") {
        folder.write("windows", "from file\r\nsecond line\r\n");
        folder.write("bare", " blanks stay ");
        THEN("its first line is the password") {
            CHECK(broker_of("username = u\npassword_file = windows\n", folder.path()).password == "from file");
            CHECK(broker_of("username = u\npassword_file = bare\n", folder.path()).password == " blanks stay ");
            CHECK(broker_of("username = u\npassword =\npassword_file = bare\n", folder.path()).username == "u");
        }
    }
    GIVEN("a password file that is of no use") {
        folder.write("empty", "");
        folder.write("blank", "\nsecond line\n");
        folder.write("endless", std::string(5000, 'x'));
        folder.write("longest", std::string(1024, 'x') + "\n");
        folder.write("nul", std::string{"a\0b", 3});
        const auto mistake = [&](const std::string& name) {
            return problems_in(one_battery + "username = u\npassword_file = " + name + "\n", folder.path());
        };
        const std::string start = "line 5: [MQTT] password_file: '";
        THEN("the reason is told") {
            CHECK(mistake("missing") == start + "missing' cannot be used: No such file or directory");
            CHECK(mistake(".") == start + ".' cannot be used: Is a directory");
            CHECK(mistake("empty") == start + "empty' cannot be used: its first line is empty");
            CHECK(mistake("blank") == start + "blank' cannot be used: its first line is empty");
            CHECK(mistake("endless") == start + "endless' cannot be used: its first line is longer than 1024 bytes");
            CHECK(mistake("nul") == start + "nul' cannot be used: its first line contains a NUL byte");
            CHECK(mistake("longest").empty());
        }
    }
    GIVEN("a password file and something that does not fit to it") {
        folder.write("file", "p\n");
        THEN("it is a mistake") {
            CHECK(problems_in(one_battery + "username = u\npassword = p\npassword_file = file\n", folder.path()) ==
                  "line 6: [MQTT] password_file: password is set too, in line 5; keep one");
            CHECK(problems_in(one_battery + "password_file = file\n", folder.path()) ==
                  "line 4: [MQTT] password_file: needs username beside it");
        }
    }
}

SCENARIO("a battery has a broker of its own") {
    const TempFolder folder;
    folder.write("file", "p2\n");
    const std::string mqtt = "[MQTT]\nbroker_address = a\nbroker_port = 1\nusername = u\npassword = p\n";
    const auto broker = [&](const std::string& lines) {
        return config_of(mqtt + "[battery x]\ntopic = t\n" + lines, folder.path()).batteries.at(0).broker;
    };
    GIVEN("no broker keys in its section") {
        THEN("it uses the one of [MQTT]") {
            CHECK(broker("") == BrokerConfig{.host = "a", .port = 1, .username = "u", .password = "p"});
        }
    }
    GIVEN("some broker keys in its section") {
        THEN("each replaces one of [MQTT]") {
            CHECK(broker("broker_address = b\nbroker_port = 2\n") ==
                  BrokerConfig{.host = "b", .port = 2, .username = "u", .password = "p"});
            CHECK(broker("username =\n") == BrokerConfig{.host = "a", .port = 1});
            CHECK(broker("password_file = file\n").password == "p2");
            CHECK(broker("tls_enabled = 1\n").tls.enabled);
        }
    }
    GIVEN("a password in DEFAULT") {
        const std::string content = "[DEFAULT]\npassword = d\nbroker_address = d\n[MQTT]\nbroker_address = m\n"
                                    "username = u\n[battery x]\ntopic = t\n";
        THEN("[MQTT] is nearer to a battery than DEFAULT") {
            const BrokerConfig inherited = config_of(content).batteries.at(0).broker;
            CHECK(inherited == BrokerConfig{.host = "m", .username = "u", .password = "d"});
            CHECK(config_of(content + "password_file = file\n", folder.path()).batteries.at(0).broker.password == "p2");
        }
    }
    GIVEN("no section [MQTT]") {
        THEN("it inherits from DEFAULT") {
            CHECK(config_of("[DEFAULT]\nbroker_address = d\n[battery x]\ntopic = t\n").batteries.at(0).broker.host ==
                  "d");
        }
    }
    GIVEN("a mistake in [MQTT] that all batteries share") {
        THEN("it is told once") {
            CHECK(problems_in("[MQTT]\nbroker_address = a\ntls_enabled = 1\ntls_path_to_ca = missing\n"
                              "[battery x]\ntopic = x\n[battery y]\ntopic = y\n") ==
                  "line 4: [MQTT] tls_path_to_ca: 'missing' cannot be read: No such file or directory");
        }
    }
}
