#include "config_testing.hpp"

using namespace vbat;
using namespace vbat::testing;

namespace {

const std::string broker = "[MQTT]\nbroker_address = broker\n"; // two lines

std::string battery(const std::string& name, const std::string& lines = "") {
    return "[battery " + name + "]\ntopic = home/" + name + "\n" + lines;
}

} // namespace

SCENARIO("batteries are sections") {
    GIVEN("two batteries and a topic in [MQTT]") {
        const Config config = config_of(battery("left", "capacity_wh = 5120\nnominal_voltage_v = 48\ntype = MQTT\n") +
                                        broker + "topic = home/battery\ncapacity_wh = 2560.5\n" + battery("2nd_-"));
        THEN("they are members in the order of the file") {
            REQUIRE(config.batteries.size() == 3);
            CHECK(config.batteries[0].name == "left");
            CHECK(config.batteries[0].topic == "home/left");
            CHECK(config.batteries[0].capacity == 5120_Wh);
            CHECK(config.batteries[0].nominal_voltage == Volts{48});
            CHECK(config.batteries[1].name == "mqtt");
            CHECK(config.batteries[1].capacity == WattHours{2560.5});
            CHECK(config.batteries[2].name == "2nd_-");
            CHECK_FALSE(config.batteries[2].capacity);
        }
        THEN("they share one broker") { CHECK(config.batteries[0].broker == config.batteries[2].broker); }
    }
    GIVEN("no topic in [MQTT]") {
        THEN("[MQTT] is only the broker") { CHECK(config_of(broker + battery("a")).batteries.size() == 1); }
        THEN("what describes its battery has no effect there") {
            CHECK(problems_in(broker + "coupling = ac\ncapacity_wh = 1\n" + battery("a")) ==
                  "line 3: [MQTT] coupling: has no effect without a topic in [MQTT]; write it in [DEFAULT] for all "
                  "batteries or in [battery NAME]\n"
                  "line 4: [MQTT] capacity_wh: has no effect without a topic in [MQTT]; write it in [DEFAULT] for all "
                  "batteries or in [battery NAME]");
        }
    }
    GIVEN("no battery at all") {
        THEN("that is a mistake") {
            CHECK(problems_in(broker) ==
                  "no battery is configured, write broker_address and topic in [MQTT] or add a [battery NAME]");
        }
    }
    GIVEN("values out of range") {
        THEN("each is a sentence") {
            CHECK(problems_in(broker + battery("a", "capacity_wh = 0\nnominal_voltage_v = 1001\ncoupling = dcac\n"
                                                    "type = marstek\n")) ==
                  "line 5: [battery a] capacity_wh: '0' is not a number from 1 to 10000000 (Wh)\n"
                  "line 6: [battery a] nominal_voltage_v: '1001' is not a number from 1 to 1000 (V)\n"
                  "line 7: [battery a] coupling: 'dcac' is not dc or ac\n"
                  "line 8: [battery a] type: 'marstek' is not known, this version knows: mqtt, marstek-modbus");
        }
    }
    GIVEN("a battery without a topic") {
        THEN("it is missing") {
            CHECK(problems_in(broker + "[battery a]\n") == "line 3: [battery a] topic is missing");
        }
        THEN("it may stand in a line that could not be read") {
            CHECK(problems_in(broker + "[battery a]\ntopic home/a\n") ==
                  "line 4: [battery a] 'topic home/a' is neither a [section] nor 'key = value'");
        }
    }
}

SCENARIO("batteries have names") {
    GIVEN("names of all allowed characters") {
        THEN("they are accepted, blanks around them do no harm") {
            CHECK(config_of(broker + "[battery  A_z-09 ]\ntopic = a\n").batteries[0].name == "A_z-09");
            CHECK(config_of(broker + battery(std::string(32, 'x'))).batteries[0].name.size() == 32);
        }
    }
    GIVEN("names that are not possible") {
        THEN("the rule is told") {
            CHECK(problems_in(broker + "[battery]\ntopic = a\n") ==
                  "line 3: [battery] has no name, write [battery NAME]");
            CHECK(problems_in(broker + "[battery a b]\ntopic = a\n") ==
                  "line 3: [battery a b] the name 'a b' is not 1 to 32 characters out of A-Z, a-z, 0-9, _ and -");
            CHECK_FALSE(problems_in(broker + battery(std::string(33, 'x'))).empty());
            CHECK_FALSE(problems_in(broker + battery("k\xC3\xBC"
                                                     "che"))
                            .empty());
            CHECK_FALSE(problems_in(broker + battery("../x")).empty());
        }
    }
    GIVEN("a name that is used twice") {
        THEN("both are named") {
            CHECK(problems_in(broker + "[battery left]\ntopic = a\n[battery LEFT]\ntopic = b\n") ==
                  "line 5: [battery LEFT] has the same name as [battery left] (line 3), capital letters make no "
                  "difference");
        }
    }
    GIVEN("names that differ on D-Bus no longer") {
        THEN("both are named") {
            CHECK(problems_in(broker + "[battery a-b]\ntopic = a\n[battery A__B]\ntopic = b\n") ==
                  "line 5: [battery A__B] needs another name, on D-Bus it is the same as [battery a-b] (line 3): there "
                  "'-' becomes '__'");
            CHECK(
                problems_in(broker + "[battery a-_b]\ntopic = a\n[battery a_-b]\ntopic = b\n") ==
                "line 5: [battery a_-b] needs another name, on D-Bus it is the same as [battery a-_b] (line 3): there "
                "'-' becomes '__'");
            CHECK(problems_in(broker + "[battery a-b]\ntopic = a\n[battery a_b]\ntopic = b\n").empty());
        }
    }
    GIVEN("a battery called mqtt") {
        THEN("it cannot stand beside a topic in [MQTT]") {
            const std::string mistake = " needs another name, the battery of the topic in [MQTT] (line ";
            CHECK(problems_in(one_battery + battery("Mqtt")) ==
                  "line 4: [battery Mqtt]" + mistake + "1) is called mqtt");
            CHECK(problems_in(battery("mqtt") + one_battery) ==
                  "line 1: [battery mqtt]" + mistake + "3) is called mqtt");
            CHECK(problems_in(broker + battery("mqtt")).empty());
        }
    }
}

SCENARIO("batteries have topics") {
    const auto mistake = [](const std::string& topic) {
        return problems_in("[MQTT]\nbroker_address = broker\ntopic = " + topic + "\n");
    };
    const std::string start = "line 3: [MQTT] topic: ";
    GIVEN("topics that MQTT does not allow here") {
        THEN("the reason is told") {
            CHECK(mistake("") == start + "'' is empty");
            CHECK(mistake("a/+/b") ==
                  start + "'a/+/b' contains a wildcard (+ or #), a battery needs one topic of its own");
            CHECK(mistake("a/#") == start + "'a/#' contains a wildcard (+ or #), a battery needs one topic of its own");
            CHECK(mistake("a\tb") == start + "'a?b' contains a character that MQTT does not allow, for example a tab");
            CHECK(mistake("a\xEF\xBF\xBF") ==
                  start + "'a\xEF\xBF\xBF' contains a character that MQTT does not allow, for example a tab");
            CHECK(mistake("a\xEF\xB7\x90") != "");
        }
    }
    GIVEN("a topic made of references") {
        const auto times = [](int count, const std::string& part) {
            std::string all;
            for (int i = 0; i < count; ++i) all += part;
            return all;
        };
        const std::string content = "[DEFAULT]\na = " + times(190, "x") + "\nb = " + times(10, "%(a)s") +
                                    "\nc = " + times(10, "%(b)s") + "\nrest = " + times(175, "y") + "\n" + broker +
                                    "topic = %(rest)s" + times(3, "%(c)s") + times(4, "%(b)s") + times(4, "%(a)s");
        THEN("65535 bytes are possible, one more is not") {
            CHECK(config_of(content).batteries[0].topic.size() == 65535);
            CHECK(problems_in(content + "z") ==
                  "line 8: [MQTT] topic: '" + times(80, "y") + "...' is longer than 65535 bytes");
        }
    }
    GIVEN("odd but allowed topics") {
        THEN("they are accepted") {
            CHECK(config_of(broker + "topic = /a//b c/\xC3\xA4 ;=:/$\n").batteries[0].topic ==
                  "/a//b c/\xC3\xA4 ;=:/$");
        }
    }
    GIVEN("the same topic twice") {
        const std::string two = "[battery a]\ntopic = x\n[battery b]\ntopic = x\n";
        THEN("on one broker both are named") {
            CHECK(problems_in(broker + two) ==
                  "line 6: [battery b] topic: 'x' is read from the same broker by [battery a] (line 3) already");
            CHECK(problems_in(broker + two + "broker_address = BROKER\nusername = other\n") ==
                  "line 6: [battery b] topic: 'x' is read from the same broker by [battery a] (line 3) already");
            CHECK(problems_in("[DEFAULT]\ntopic = x\n" + broker + "[battery b]\n") ==
                  "line 2: [battery b] topic: 'x' is read from the same broker by [MQTT] (line 3) already");
        }
        THEN("each is compared with the first only") {
            CHECK(problems_in(broker + two + "[battery c]\ntopic = x\n") ==
                  "line 6: [battery b] topic: 'x' is read from the same broker by [battery a] (line 3) already\n"
                  "line 8: [battery c] topic: 'x' is read from the same broker by [battery a] (line 3) already");
        }
        THEN("on two brokers it is fine") {
            CHECK(problems_in(broker + two + "broker_address = other\n").empty());
            CHECK(problems_in(broker + two + "broker_port = 1884\n").empty());
        }
    }
}

SCENARIO("AC and DC batteries cannot be one") {
    GIVEN("one of each") {
        THEN("both are named") {
            CHECK(problems_in(broker + battery("a") + battery("b", "coupling = ac\n")) ==
                  "line 5: AC-coupled [battery b] (line 5) and DC-coupled [battery a] (line 3) cannot be one virtual "
                  "battery, set the same coupling or use two instances");
            CHECK(problems_in(one_battery + battery("b", "coupling = ac\n")) ==
                  "line 4: AC-coupled [battery b] (line 4) and DC-coupled [MQTT] (line 1) cannot be one virtual "
                  "battery, set the same coupling or use two instances");
        }
    }
    GIVEN("several of each") {
        THEN("all are named") {
            CHECK(problems_in(one_battery + battery("b", "coupling = ac\n") + battery("c") +
                              battery("d", "coupling=ac")) ==
                  "line 4: AC-coupled [battery b] (line 4), [battery d] (line 9) and DC-coupled [MQTT] (line 1), "
                  "[battery c] (line 7) cannot be one virtual battery, set the same coupling or use two instances");
        }
    }
    GIVEN("the same coupling everywhere") {
        THEN("it is fine") {
            CHECK(problems_in(one_battery + "coupling = ac\n" + battery("b", "coupling = AC\n")).empty());
            CHECK(problems_in("[DEFAULT]\ncoupling = ac\n" + one_battery + battery("b")).empty());
            CHECK(problems_in(one_battery + battery("b", "coupling = DC\n")).empty());
        }
    }
    GIVEN("a coupling that is neither") {
        THEN("it is not compared") {
            CHECK(problems_in(broker + battery("a", "coupling = xx\n") + battery("b", "coupling = ac\n")) ==
                  "line 5: [battery a] coupling: 'xx' is not dc or ac");
        }
    }
}
