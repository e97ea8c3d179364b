#include "device/modbus_battery.hpp"
#include "device/modbus_identity.hpp"
#include "tests/support/printing.hpp"
// after doctest
#include "tests/support/marstek.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

constexpr Block power{30001, 7};

Words venus_d() { return words_of(marstek_capture("v3-d-fw150-charge-600w-backup-53w")); }

// Complete as far as it is asked.
Words venus_e3() {
    Words words = venus_d();
    put_text(words, 31000, "VNSE3-0", 10);
    for (std::uint16_t i = 34018; i < 34034; ++i) words[i] = static_cast<std::uint16_t>(3300 + i - 34018);
    words[30101] = 101;
    words[32105] = 5120;
    return words;
}

Words venus_e() {
    Words words{{32100, 5230}, {32101, 1000}, {32104, 55},     {32105, 5120}, {32200, 2345}, {32201, 0},
                {32204, 5000}, {35100, 3},    {42000, 0x55BB}, {31101, 153},  {31102, 213}};
    put_s32(words, 32102, -523);
    put_s32(words, 32202, 480);
    put_text(words, 31000, "HMG-50", 10);
    put_text(words, 30402, "020000000009", 6);
    return words;
}

bool says(const MarstekAtWire& device, std::string_view part) {
    INFO(device.battery.problem());
    const bool found = device.battery.problem().find(part) != std::string::npos;
    CHECK(found);
    return found;
}

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

SCENARIO("blocks that a device refuses") {
    GIVEN("an E 3.0 whose firmware lacks the packs") {
        auto words = venus_e3();
        words.erase(34002);
        MarstekAtWire device{words};
        WHEN("they were refused three times") {
            device.run(25s);
            THEN("they are left out, the others are not harmed") {
                CHECK_FALSE(device.asks({34000, 17}));
                CHECK(device.seen().soc == 79_pct); // 37005
                CHECK(device.seen().power == 535_W);
                CHECK(device.battery.problem().empty());
            }
            THEN("they are asked again after ten minutes, once") {
                device.run(10min - 30s);
                CHECK(device.times_asked({34000, 17}) == 3);
                device.run(60s);
                CHECK(device.times_asked({34000, 17}) == 4);
                device.words[34002] = 785;
                device.run(10min);
                CHECK(device.asks({34000, 17}));
                CHECK(device.seen().soc->value == doctest::Approx(78.5));
            }
        }
    }
    GIVEN("a gateway that does not reach the device") {
        MarstekAtWire device{venus_e3()};
        device.run(10s);
        device.words.clear();
        device.exception = 11;
        device.run(60s);
        THEN("that speaks of no block: all are still asked") {
            CHECK(device.asks(power));
            CHECK(device.asks({34000, 17}));
            CHECK_FALSE(device.sample().has_value());
        }
        WHEN("it reaches the device again") {
            device.words = venus_e3();
            device.run(5s);
            THEN("there are values at once") { CHECK(device.seen().power == 535_W); }
        }
    }
    GIVEN("a device that refuses its power") {
        auto words = venus_e3();
        words.erase(30003);
        MarstekAtWire device{words};
        device.run(60s);
        THEN("it is asked for ever, and that is said") {
            CHECK(device.times_asked(power) >= 25);
            CHECK_FALSE(device.sample().has_value());
            CHECK(says(device, "refuses register 30001"));
        }
        WHEN("it answers") {
            device.words[30003] = 300;
            device.run(5s);
            THEN("all is well") {
                CHECK(device.seen().power == 535_W);
                CHECK(device.battery.problem().empty());
            }
        }
    }
    GIVEN("a refusal now and then") {
        MarstekAtWire device{venus_e3()};
        device.run(5s);
        for (int i = 0; i < 10; ++i) {
            device.battery.refused({37005, 1}, 2, device.now);
            device.battery.refused({37005, 1}, 2, device.now);
            device.run(10s);
        }
        THEN("nothing is left out: only three in a row count") { CHECK(device.asks({37005, 1})); }
    }
}

SCENARIO("everything was asked once") {
    GIVEN("an E 3.0 that lacks some blocks") {
        auto words = venus_e3();
        words.erase(36001);
        MarstekAtWire device{words};
        THEN("it is not complete before it is known") { CHECK_FALSE(device.battery.is_complete()); }
        WHEN("each poll was answered or refused") {
            device.run(2s);
            THEN("it is complete") { CHECK(device.battery.is_complete()); }
        }
        WHEN("one is not answered") {
            device.silent = {35100};
            device.run(2min);
            THEN("it is not") { CHECK_FALSE(device.battery.is_complete()); }
        }
    }
    GIVEN("a Venus D") {
        MarstekAtWire device{venus_d()};
        device.run(1s);
        THEN("its packs count, too") {
            CHECK(device.asks({34500, 17}));
            CHECK(device.battery.is_complete());
        }
    }
    GIVEN("a device known by configuration only") {
        auto words = venus_d();
        put_text(words, 31000, "XYZ-1", 10);
        MarstekAtWire device{words, {.family = "v3", .model = "d"}};
        device.run(2s);
        THEN("it is complete as well") { CHECK(device.battery.is_complete()); }
    }
}

SCENARIO("a battery appears") {
    MarstekAtWire device{venus_e3()};
    GIVEN("a block that is answered late") {
        device.silent = {33000};
        device.run(5s);
        THEN("it is not seen without its totals") { CHECK_FALSE(device.sample().has_value()); }
        WHEN("it answers") {
            device.silent.clear();
            device.run(60s);
            THEN("it is seen, with them") { CHECK(device.seen().charged_energy.has_value()); }
        }
        WHEN("it never does") {
            device.run(7s);
            THEN("10 s are enough") { CHECK_FALSE(device.seen().charged_energy.has_value()); }
        }
    }
}

SCENARIO("a busy line") {
    MarstekAtWire device{venus_e3()};
    const Block totals{33000, 12};
    const auto answer = [&](TimePoint when) {
        const std::vector<std::uint16_t> words(totals.count, 1);
        device.battery.take(totals, words, when);
    };
    device.run(30s);
    GIVEN("totals that come every 4 minutes instead of every minute") {
        for (int i = 1; i <= 3; ++i) answer(device.now + i * 4min);
        device.silent = {33000};
        device.now += 12min;
        device.run(10min);
        THEN("they do not vanish between two answers") { CHECK(device.seen().charged_energy.has_value()); }
        THEN("they do when three more have not come") {
            device.run(3min);
            CHECK_FALSE(device.seen().charged_energy.has_value());
        }
    }
}

SCENARIO("a block that is never answered, by silence") {
    MarstekAtWire device{venus_e3()};
    const Block temperatures{35000, 3};
    device.run(30s);
    const auto silent = [&] { device.battery.unanswered(temperatures, device.now); };
    GIVEN("three times while other blocks are answered") {
        for (int i = 0; i < 3; ++i) {
            silent();
            device.run(5s);
        }
        THEN("it is left out, and asked again later") {
            CHECK_FALSE(device.asks(temperatures));
            device.run(11min);
            CHECK(device.asks(temperatures));
        }
    }
    GIVEN("while nothing is answered") {
        for (int i = 0; i < 10; ++i) silent();
        THEN("it is asked again: the line is down") { CHECK(device.asks(temperatures)); }
    }
    GIVEN("the power") {
        for (int i = 0; i < 5; ++i) {
            device.battery.unanswered(device.battery.model()->polls.front().block, device.now);
            device.run(5s);
        }
        THEN("it is asked for ever") { CHECK(device.asks(device.battery.model()->polls.front().block)); }
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

SCENARIO("the powers of a v12 device come by two answers") {
    MarstekAtWire device{venus_e()};
    device.run(30s);
    const TimePoint last = device.seen().taken_at;
    WHEN("one of them is not answered any more") {
        device.silent = {32202};
        device.run(10s);
        THEN("the sample is as old as that one") {
            CHECK(device.seen().taken_at <= last);
            CHECK(device.seen().ac_power.has_value());
        }
        THEN("later it is known without it") {
            device.run(10s);
            CHECK_FALSE(device.seen().ac_power.has_value());
            CHECK(device.seen().taken_at > last);
        }
    }
}

SCENARIO("values grow old") {
    MarstekAtWire device{venus_e3()};
    device.run(30s);
    const TimePoint last_power = device.seen().taken_at;
    GIVEN("the device falls silent") {
        device.is_dead = true;
        THEN("the sample is as old as the power, and gone after 15 s") {
            CHECK(device.now - last_power <= 2s);
            device.now = last_power + 15s;
            CHECK(device.seen().taken_at == last_power);
            device.now += 1ms;
            CHECK_FALSE(device.sample().has_value());
        }
    }
    GIVEN("one block is not answered any more") {
        device.silent = {35000};
        THEN("its values go after three periods, the others stay") {
            device.run(2min);
            CHECK(device.seen().temperature.has_value());
            device.run(14min); // read once only: it may be asked up to five times more slowly than planned
            CHECK_FALSE(device.seen().temperature.has_value());
            CHECK(device.seen().voltage.has_value());
        }
    }
    GIVEN("an answer to a question that was not asked, or of the wrong length") {
        THEN("it is not taken") {
            const std::vector<std::uint16_t> one{7};
            CHECK_FALSE(device.battery.take({30001, 1}, one, device.now));
            CHECK_FALSE(device.battery.take(power, one, device.now));
            CHECK(device.seen().power == 535_W);
            device.battery.refused({1, 1}, 2, device.now);
        }
    }
    GIVEN("answers") {
        THEN("only that with the power makes a new sample") {
            const std::vector<std::uint16_t> soc{80};
            const std::vector<std::uint16_t> grid{100, 0, 0, 2300, 2300, static_cast<std::uint16_t>(-110), 0};
            CHECK_FALSE(device.battery.take({37005, 1}, soc, device.now));
            CHECK(device.battery.take(power, grid, device.now));
            CHECK(device.seen().power == 100_W);
        }
    }
}

SCENARIO("values that cannot be") {
    MarstekAtWire device{venus_e3()};
    device.run(5s);
    GIVEN("one register") {
        device.words[35000] = 3000;
        device.run(60s);
        THEN("it is absent, and register, value and range are named") {
            CHECK_FALSE(device.seen().temperature.has_value());
            CHECK(device.battery.problem() == "register 35000 says 300, which is not within -40 and 120");
        }
        WHEN("it is right again") {
            device.words[35000] = 300;
            device.run(60s);
            THEN("so it is said") {
                CHECK(device.battery.problem().empty());
                CHECK(device.seen().temperature == Celsius{30});
            }
        }
    }
    GIVEN("the power") {
        device.words[30001] = 0x7FFF;
        device.run(3s);
        THEN("there is no sample: not even an old one") { CHECK_FALSE(device.sample().has_value()); }
    }
    GIVEN("a device of another family, whose name says nothing") {
        auto words = venus_e();
        put_text(words, 31000, "", 10);
        for (const int address : {30001, 30002, 30003, 30004, 30005, 30006, 30007, 30100, 30101, 35110, 35111, 35112})
            words[static_cast<std::uint16_t>(address)] = 20000;
        MarstekAtWire wrong{words, {.family = "v3", .model = "e3"}};
        wrong.run(10s);
        THEN("the family is doubted") {
            CHECK(says(wrong, "is it really a Marstek Venus E 3.0? See family and model"));
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

SCENARIO("capacity") {
    const auto seen = [](Words words, ModbusBatterySetup setup) {
        MarstekAtWire device{std::move(words), std::move(setup)};
        device.run(5s);
        return device.seen();
    };
    auto silent = venus_e3();
    silent[32105] = 0; // impossible: not told
    GIVEN("a device that tells it") {
        THEN("it wins over the configuration") {
            CHECK(seen(venus_e3(), {.capacity = WattHours{9999}}).installed_capacity == AmpereHours{100});
        }
        THEN("what is left follows from the state of charge") {
            const auto sample = seen(venus_e3(), {});
            CHECK(sample.capacity->value == doctest::Approx(79.3));
            CHECK(sample.consumed_amphours->value == doctest::Approx(-20.7));
        }
        THEN("its energy is counted at the configured nominal voltage") {
            const auto sample = seen(venus_e3(), {.nominal_voltage = Volts{50}});
            CHECK(sample.installed_capacity->value == doctest::Approx(102.4));
        }
    }
    GIVEN("a device that does not") {
        THEN("the configuration is taken") {
            CHECK(seen(silent, {.capacity = WattHours{2560}}).installed_capacity == AmpereHours{50});
            const ModbusBatterySetup at_50_volts{.capacity = WattHours{2500}, .nominal_voltage = Volts{50}};
            CHECK(seen(silent, at_50_volts).installed_capacity == AmpereHours{50});
        }
        THEN("else what is usual for this model") { CHECK(seen(silent, {}).installed_capacity == AmpereHours{100}); }
    }
    GIVEN("packs of a device that does not tell") {
        auto words = venus_d();
        words[32105] = 0;
        THEN("each counts") { CHECK(seen(words, {}).installed_capacity == AmpereHours{300}); }
        words[32109] = 0;
        THEN("no pack is not known packs") { CHECK_FALSE(seen(words, {}).installed_capacity.has_value()); }
        words.erase(32109);
        THEN("and while their number is unknown, so is the capacity") {
            CHECK_FALSE(seen(words, {}).installed_capacity.has_value());
            CHECK_FALSE(seen(words, {}).capacity.has_value());
        }
    }
}

SCENARIO("cells of a single pack") {
    GIVEN("an E 3.0") {
        MarstekAtWire device{venus_e3()};
        device.run(5s);
        THEN("lowest and highest have a name") {
            const auto sample = device.seen();
            CHECK(sample.min_cell_voltage->value == doctest::Approx(3.3));
            CHECK(sample.min_voltage_cell_id == "Cell1");
            CHECK(sample.max_cell_voltage->value == doctest::Approx(3.315));
            CHECK(sample.max_voltage_cell_id == "Cell16");
            CHECK(sample.cell_voltage_sum->value == doctest::Approx(52.92));
            CHECK(sample.charge_cycles == 14);
        }
    }
    GIVEN("one cell that cannot be read") {
        auto words = venus_e3();
        words[34020] = 0;
        MarstekAtWire device{words};
        device.run(5s);
        THEN("there is no sum of the others") { CHECK_FALSE(device.seen().cell_voltage_sum.has_value()); }
    }
    GIVEN("cells that are refused") {
        auto words = venus_e3();
        words.erase(34030);
        MarstekAtWire device{words};
        device.run(5s);
        THEN("the values without a name count") {
            CHECK(device.seen().max_cell_voltage->value == doctest::Approx(3.337));
            CHECK_FALSE(device.seen().max_voltage_cell_id.has_value());
        }
    }
}

SCENARIO("the configured rates") {
    const auto period = [](const MarstekAtWire& device, Block block) {
        for (const Poll& poll : device.battery.polls())
            if (poll.block == block) return poll.period;
        return std::chrono::milliseconds{};
    };
    GIVEN("poll = 5 s") {
        MarstekAtWire device{venus_d(), {.poll = 5s, .gap = 80ms}};
        device.run(10s);
        THEN("nothing is asked faster, what is slower stays") {
            CHECK(period(device, power) == 5s);
            CHECK(period(device, {30037, 4}) == 5s);
            CHECK(period(device, {42000, 1}) == 10s);
            CHECK(period(device, {34300, 17}) == 10s); // the active pack
            CHECK(period(device, {34000, 17}) == 60s);
            CHECK(device.battery.pace().gap == 80ms);
        }
    }
    GIVEN("poll = 1 s") {
        MarstekAtWire device{venus_d(), {.poll = 1s}};
        device.run(10s);
        THEN("only the power goes faster") {
            CHECK(period(device, power) == 1s);
            CHECK(period(device, {30037, 4}) == 5s);
        }
    }
    GIVEN("poll = 60 s") {
        MarstekAtWire device{venus_d(), {.poll = 60s}};
        device.run(3min);
        THEN("values are kept for five of its periods") {
            device.is_dead = true;
            device.now += 4min;
            CHECK(device.sample().has_value());
            device.now += 3min;
            CHECK_FALSE(device.sample().has_value());
        }
    }
}

SCENARIO("a battery whose cells are cut off") {
    MarstekAtWire device{venus_d()};
    device.run(30s);
    GIVEN("SoC 0, and soon the bit that says why") {
        device.words[32104] = 0;
        device.run(15s);
        device.words[36100] = 16;
        device.run(4min);
        THEN("the last value is held, and with it what is left") {
            CHECK(device.seen().soc == 71_pct);
            CHECK(device.seen().capacity->value == doctest::Approx(213));
        }
        THEN("after five minutes nobody knows") {
            device.run(2min);
            CHECK_FALSE(device.seen().soc.has_value());
            CHECK_FALSE(device.seen().capacity.has_value());
            CHECK(device.seen().installed_capacity == AmpereHours{300});
        }
        THEN("it comes back") {
            device.words[32104] = 70;
            device.words[36100] = 0;
            device.run(15s);
            CHECK(device.seen().soc == 70_pct);
        }
    }
    GIVEN("SoC 0 for good, and no such bit") {
        device.words[32104] = 0;
        device.run(75s);
        THEN("it is empty") { CHECK(device.seen().soc == 0_pct); }
    }
}

} // namespace
