#include "tests/support/printing.hpp"
// after doctest
#include "tests/support/marstek.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

constexpr Block power{30001, 7};

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
