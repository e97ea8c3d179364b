#include "tests/support/printing.hpp"
// after doctest
#include "tests/support/marstek.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

constexpr Block power{30001, 7};

SCENARIO("a device says what it is") {
    GIVEN("a Venus D, and nothing configured") {
        MarstekAtWire device{venus_d()};
        THEN("first it is asked for its name, and for nothing else") {
            REQUIRE(device.battery.polls().size() == 1);
            CHECK(device.battery.polls()[0].block == name_block);
            CHECK(device.battery.model() == nullptr);
            CHECK_FALSE(device.sample().has_value());
        }
        WHEN("it answered") {
            device.run(5s);
            THEN("it is known") {
                CHECK(device.battery.model()->id == "marstek-venus-d");
                CHECK(device.battery.device_name() == "VNSD-0");
                CHECK(device.times_asked(version_block) == 1); // as one of its values
                const auto sample = device.seen();
                CHECK(sample.power == 535_W);
                CHECK(sample.soc == 71_pct);
                CHECK(sample.device_model == "Marstek Venus D");
                CHECK(sample.device_serial == "020000000001");
                CHECK(sample.device_firmware == "150");
                CHECK(sample.cells_per_battery == 16);
                CHECK(device.battery.problem().empty());
                CHECK(device.battery.pace() == Pace{.gap = 150ms, .patience = 8s});
            }
        }
    }
    GIVEN("a v12 device") {
        MarstekAtWire device{venus_e()};
        device.run(5s);
        THEN("it is read by its own table, and 30200 was not asked") {
            CHECK(device.battery.model()->id == "marstek-venus-e");
            CHECK(device.seen().power == Watts{-523});
            CHECK(device.seen().current == Amps{-10});
            CHECK(device.seen().ac_power == Watts{-480});
            CHECK(device.seen().device_serial == "020000000009");
            CHECK(device.times_asked(version_block) == 0);
            CHECK(device.battery.pace() == Pace{.gap = 50ms, .patience = 3s});
        }
    }
    GIVEN("a v12 device that is configured as the smaller of two with the same name") {
        MarstekAtWire device{venus_e(), {.family = "v12", .model = "c"}};
        device.run(5s);
        THEN("the configuration decides") { CHECK(device.battery.model()->id == "marstek-venus-c"); }
    }
    GIVEN("a name followed by rubbish") {
        auto words = venus_d();
        words[31003] = 5;
        words[31004] = 1543;
        MarstekAtWire device{words};
        device.run(5s);
        THEN("the rubbish is no part of it") { CHECK(device.battery.device_name() == "VNSD-0"); }
    }
}

SCENARIO("a device that is not what is configured") {
    GIVEN("a Venus E 3.0 and family = v12") {
        MarstekAtWire device{venus_e3(), {.family = "v12"}};
        device.run(3min);
        THEN("nothing of it is read, and it is said why") {
            CHECK_FALSE(device.sample().has_value());
            CHECK(device.battery.model() == nullptr);
            CHECK(says(device, "says VNSE3-0"));
            CHECK(says(device, "family = v3, model = e3"));
            CHECK(says(device, "family = v12, model = auto is configured"));
            CHECK(device.times_asked({32100, 6}) == 0);
        }
        WHEN("it is replaced by the right one") {
            device.words = venus_e();
            device.run(2min);
            THEN("that is read") {
                CHECK(device.seen().power == Watts{-523});
                CHECK(device.battery.problem().empty());
            }
        }
    }
    GIVEN("a Venus D and model = e3") {
        for (const char* const family : {"auto", "v3"}) {
            MarstekAtWire device{venus_d(), {.family = family, .model = "e3"}};
            device.run(10s);
            CHECK_FALSE(device.sample().has_value());
            CHECK(says(device, "says VNSD-0"));
        }
    }
    GIVEN("a v12 device and model = e3") {
        MarstekAtWire device{venus_e(), {.model = "e3"}};
        device.run(10s);
        THEN("it is refused") { CHECK(says(device, "says HMG-50")); }
    }
}

SCENARIO("a device that does not say what it is") {
    auto words = venus_d();
    put_text(words, 31000, "XYZ-1", 10);
    GIVEN("family and model are configured") {
        MarstekAtWire device{words, {.family = "v3", .model = "d"}};
        device.run(10s);
        THEN("they are believed, without another probe") {
            CHECK(device.battery.model()->id == "marstek-venus-d");
            CHECK(device.seen().soc == 71_pct);
            CHECK(device.battery.problem().empty());
        }
        WHEN("later it says a name after all, another one") {
            put_text(device.words, 31000, "VNSE3-0", 10);
            device.run(2min);
            THEN("that is a contradiction") {
                CHECK_FALSE(device.sample().has_value());
                CHECK(says(device, "says VNSE3-0"));
            }
        }
    }
    GIVEN("nothing is configured, and 30200 is a version") {
        MarstekAtWire device{words};
        device.run(10s);
        THEN("the family is known, the model assumed, and that is said") {
            CHECK(device.battery.model()->id == "marstek-venus-e3");
            CHECK(device.seen().power == 535_W);
            CHECK(says(device, "says XYZ-1"));
            CHECK(says(device, "set model ="));
        }
        THEN("it stays so while the name is asked again and again") {
            device.run(10min);
            CHECK(device.seen().power == 535_W);
            CHECK(device.times_asked(name_block) >= 10);
        }
    }
    GIVEN("only the model is configured, and 30200 is a version") {
        MarstekAtWire device{words, {.model = "a"}};
        device.run(10s);
        THEN("it is that model") {
            CHECK(device.battery.model()->id == "marstek-venus-a");
            CHECK(device.battery.problem().empty());
        }
    }
    GIVEN("nothing is configured, and 30200 reads 0") {
        words[30200] = 0;
        MarstekAtWire device{words};
        device.run(10min);
        THEN("the family is asked for, the device is asked slowly again") {
            CHECK_FALSE(device.sample().has_value());
            CHECK(says(device, "set family = v12 or family = v3"));
            CHECK(device.times_asked(version_block) >= 9);
            CHECK(device.times_asked(version_block) <= 12);
            CHECK(device.times_asked(power) == 0);
        }
    }
    GIVEN("it refuses its name and 30200") {
        words.erase(31000);
        words.erase(30200);
        MarstekAtWire device{words};
        device.run(2min);
        THEN("the family is asked for") { CHECK(says(device, "does not say what it is: set family =")); }
        WHEN("the name is answered some day") {
            put_text(device.words, 31000, "VNSD-0", 10);
            device.run(2min);
            THEN("it is known") { CHECK(device.seen().power == 535_W); }
        }
    }
    GIVEN("a model that does not exist") {
        MarstekAtWire device{words, {.family = "v3", .model = "z"}};
        device.run(10s);
        THEN("that is said") { CHECK(says(device, "there is no family = v3, model = z")); }
    }
}

SCENARIO("a connection that a device ends whenever it is asked for its name") {
    auto words = venus_e3();
    words.erase(31000);
    MarstekAtWire device{words, {.family = "v3", .model = "e3"}};
    device.run(60s);
    REQUIRE(device.sample().has_value());
    WHEN("it was connected anew") {
        device.reconnect();
        THEN("it goes on without the question, once its serial was the same") {
            CHECK_FALSE(device.asks(name_block));
            device.run(2s);
            CHECK(device.asks(device.battery.model()->polls.front().block));
        }
    }
}

SCENARIO("the connection began anew") {
    MarstekAtWire device{venus_d()};
    device.run(60s);
    REQUIRE(device.battery.is_complete());
    GIVEN("the same device") {
        device.reconnect();
        THEN("what is known stays, and it is asked for its name") {
            CHECK(device.seen().power == 535_W);
            CHECK(device.battery.polls().size() == 1);
            CHECK(device.battery.polls()[0].block == name_block);
        }
        WHEN("it answered") {
            const auto before = device.times_asked(power);
            device.run(3s);
            THEN("it goes on; its serial was asked before its values") {
                CHECK(device.seen().power == 535_W);
                CHECK(device.times_asked(power) > before);
                CHECK(device.seen().charged_energy.has_value());
            }
        }
        WHEN("it does not answer") {
            device.is_dead = true;
            device.run(60s);
            THEN("nothing stays for ever") { CHECK_FALSE(device.sample().has_value()); }
        }
        WHEN("its serial reads zeros for once") {
            put_text(device.words, 30304, "", 6);
            device.run(3s);
            THEN("that is no other device") {
                CHECK(device.seen().device_serial == "020000000001");
                CHECK(device.seen().charged_energy.has_value());
            }
        }
        WHEN("it refuses its name for once") {
            const Words all = device.words;
            device.words.erase(31000);
            device.run(30s);
            THEN("it is still taken for what it said it was") {
                CHECK(device.battery.model()->id == "marstek-venus-d");
                CHECK(device.seen().soc == 71_pct);
            }
        }
    }
    GIVEN("another model") {
        device.words = venus_e();
        device.reconnect();
        device.run(11s);
        THEN("nothing of the old one is left") {
            CHECK(device.battery.model()->id == "marstek-venus-e");
            CHECK(device.seen().power == Watts{-523});
            CHECK_FALSE(device.seen().pv_power.has_value());
            CHECK(device.seen().device_serial == "020000000009");
        }
    }
    GIVEN("another one of the same model, that lacks a block") {
        put_text(device.words, 30304, "020000000002", 6);
        device.words.erase(33000);
        device.reconnect();
        device.run(11s);
        THEN("the first one's totals are not its own") {
            CHECK(device.seen().device_serial == "020000000002");
            CHECK_FALSE(device.seen().charged_energy.has_value());
        }
    }
    GIVEN("another one of the same model behind a gateway: the connection does not break") {
        put_text(device.words, 30304, "020000000002", 6);
        device.words.erase(33000);
        device.run(11min);
        THEN("its serial tells") {
            CHECK(device.seen().device_serial == "020000000002");
            CHECK_FALSE(device.seen().charged_energy.has_value());
        }
    }
    GIVEN("a state of charge that fell, and then another battery") {
        put_text(device.words, 30304, "020000000002", 6);
        device.words[32104] = 0;
        device.reconnect();
        device.run(11s);
        THEN("the new one may be empty") { CHECK(device.seen().soc == 0_pct); }
    }
}

} // namespace
