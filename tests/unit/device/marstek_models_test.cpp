// What the tables cannot show by themselves: signs, disputes, sentinels (docs/protocols/marstek-modbus.md).
#include "device/catalogue.hpp"
#include "tests/support/printing.hpp"
// after doctest
#include "tests/support/marstek.hpp"

#include <cmath>

using namespace vbat;
using namespace vbat::test;

namespace {

const ModbusModel& v12 = *model_of("v12", "e");
const ModbusModel& e3 = *model_of("v3", "e3");
const ModbusModel& a = *model_of("v3", "a");
const ModbusModel& c3 = *model_of("v3", "c");
const ModbusModel& d = *model_of("v3", "d");

std::uint16_t as_word(int value) { return static_cast<std::uint16_t>(value); }

Words v12_power(int battery, int grid, int current) {
    Words words{{32100, 5230}, {32101, as_word(current)}, {32104, 55}, {32105, 5120}};
    put_s32(words, 32102, battery);
    put_s32(words, 32202, grid);
    return words;
}

SCENARIO("signs of a v12 battery") {
    GIVEN("it discharges: 32102 negative, 32202 positive") {
        const auto sample = read_as(v12, v12_power(-550, 500, 1050));
        THEN("power, current and AC power are negative, whatever the sign of 32101") {
            CHECK(sample.power == Watts{-550});
            CHECK(sample.current->value == doctest::Approx(-10.5));
            CHECK(sample.ac_power == Watts{-500});
            CHECK(read_as(v12, v12_power(-550, 500, -1050)).current->value == doctest::Approx(-10.5));
        }
    }
    GIVEN("it charges") {
        const auto sample = read_as(v12, v12_power(480, -500, -910));
        THEN("all are positive") {
            CHECK(sample.power == 480_W);
            CHECK(sample.current->value == doctest::Approx(9.1));
            CHECK(sample.ac_power == 500_W);
        }
    }
    GIVEN("it rests: a small power, and no current") {
        THEN("no current is not minus no current") {
            const auto sample = read_as(v12, v12_power(-15, 0, 0));
            REQUIRE(sample.current == Amps{0});
            CHECK_FALSE(std::signbit(sample.current->value));
            CHECK_FALSE(std::signbit(sample.ac_power->value));
        }
    }
    GIVEN("a power that cannot be") {
        auto words = v12_power(480, -500, 910);
        put_s32(words, 32102, 1000000);
        THEN("the current has no sign, so there is none") {
            CHECK_FALSE(read_as(v12, words).power.has_value());
            CHECK_FALSE(read_as(v12, words).current.has_value());
        }
    }
}

SCENARIO("signs of a v3 battery") {
    GIVEN("an E 3.0 that discharges") {
        const Words words{{30001, as_word(-620)}, {30006, 550}, {30007, 40}, {30100, 5200}, {30101, as_word(-119)}};
        const auto sample = read_as(e3, words);
        THEN("30001 counts as it is, 30006 turned round") {
            CHECK(sample.power == Watts{-620});
            CHECK(sample.ac_power == Watts{-550});
            CHECK(sample.offgrid_power == 40_W);
            CHECK(sample.current->value == doctest::Approx(-11.9));
        }
    }
}

SCENARIO("power of a battery with solar panels") {
    const auto words = [](std::vector<int> pv, int into_grid, int register_30001) {
        Words made{
            {30001, as_word(register_30001)}, {30004, 2300}, {30006, as_word(into_grid)}, {30007, 300}, {32100, 5000}};
        for (std::size_t i = 0; i < pv.size(); ++i) made[static_cast<std::uint16_t>(30037 + i)] = as_word(pv[i]);
        return made;
    };
    GIVEN("450 W of sun, 200 W into the grid") {
        THEN("250 W go into the battery, whatever 30001 says; the backup load is the grid's") {
            const auto sample = read_as(a, words({2300, 2200, 0, 0}, 200, -77));
            CHECK(sample.pv_power == 450_W);
            CHECK(sample.power == 250_W);
            CHECK(sample.current->value == doctest::Approx(5));
        }
    }
    GIVEN("450 W of sun, and no grid") {
        auto island = words({2300, 2200, 0, 0}, 0, -77);
        island[30004] = 3;
        THEN("the battery has to feed the backup load, too") { CHECK(read_as(a, island).power == 150_W); }
    }
    GIVEN("no sun") {
        THEN("30001 is the better measurement") {
            CHECK(read_as(d, words({0, 0, 0, 0}, 601, -648)).power == Watts{-648});
            CHECK(read_as(d, words({0, 0, 0, 0}, 601, -648)).pv_power == 0_W);
            CHECK(read_as(d, words({-5, 0, 0, 0}, 601, -648)).power == Watts{-648});
        }
    }
    GIVEN("an input that was not read, or is impossible") {
        THEN("the sum is unknown") {
            CHECK_FALSE(read_as(d, words({2300, 2200, 0}, 200, -77)).pv_power.has_value());
            CHECK_FALSE(read_as(d, words({2300, 2200, 0, 0x7FFF}, 200, -77)).pv_power.has_value());
            CHECK(read_as(d, words({2300, 2200, 0, 0x7FFF}, 200, -77)).power == Watts{-77});
        }
    }
    GIVEN("sun, and an impossible 30006") {
        THEN("there is no power") { CHECK_FALSE(read_as(d, words({2300, 0, 0, 0}, 0x7FFF, -77)).power.has_value()); }
    }
}

TEST_CASE("state of charge: which register, and in which scale") {
    CHECK(read_as(v12, {{32104, 55}, {37005, 54}}).soc == 55_pct);
    CHECK(read_as(v12, {{37005, 54}}).soc == 54_pct);
    CHECK(read_as(v12, {{32104, 100}}).soc == 100_pct);
    CHECK_FALSE(read_as(v12, {{32104, 1001}}).soc.has_value());
    CHECK(read_as(v12, {{32104, 0xFFFF}, {37005, 54}}).soc == 54_pct);

    CHECK(read_as(e3, {{34002, 793}, {37005, 79}, {32104, 78}}).soc->value == doctest::Approx(79.3));
    CHECK(read_as(e3, {{37005, 79}, {32104, 78}}).soc == 79_pct);
    CHECK(read_as(e3, {{32104, 78}}).soc == 78_pct);
    CHECK(read_as(c3, {{37005, 79}, {32104, 78}}).soc == 79_pct);
    CHECK(read_as(c3, {{32104, 78}}).soc == 78_pct);

    CHECK(read_as(d, {{32104, 71}, {34000, 5200}, {34002, 793}, {37005, 79}}).soc == 71_pct);
    CHECK_FALSE(read_as(d, {{34000, 5200}, {34002, 793}, {37005, 79}}).soc.has_value());
    CHECK_FALSE(read_as(d, {{32104, 101}}).soc.has_value());
}

TEST_CASE("v12: cell temperatures come in degrees or in tenths") {
    const auto highest = [](Words words) { return read_as(v12, words).max_cell_temperature; };
    CHECK(highest({{35000, 250}, {35010, 24}}) == Celsius{24});
    CHECK(highest({{35000, 250}, {35010, 241}})->value == doctest::Approx(24.1));
    CHECK(highest({{35000, 600}, {35010, 62}}) == Celsius{62}); // 6.2 would be 54 degrees below the device
    CHECK(highest({{35000, as_word(-100)}, {35010, as_word(-85)}})->value == doctest::Approx(-8.5));
    CHECK_FALSE(highest({{35010, 241}}).has_value()); // nothing to compare with: 241 degrees are not
    CHECK(read_as(v12, {{35000, 250}, {35011, 198}}).min_cell_temperature->value == doctest::Approx(19.8));
}

TEST_CASE("rated capacity: in 0.001 or 0.01 kWh on v12, in 0.001 on v3; nothing below 2 kWh") {
    const auto energy = [](const ModbusModel& model, std::uint16_t raw) -> Maybe<double> {
        const auto capacity = read_as(model, {{32104, 50}, {32105, raw}}).installed_capacity;
        if (!capacity) return std::nullopt;
        return (model.nominal_voltage * *capacity).value;
    };
    CHECK(*energy(v12, 5120) == doctest::Approx(5120));
    CHECK(*energy(v12, 512) == doctest::Approx(5120));
    CHECK(*energy(v12, 256) == doctest::Approx(2560));
    CHECK(*energy(v12, 2560) == doctest::Approx(2560));
    CHECK_FALSE(energy(v12, 0).has_value());
    CHECK_FALSE(energy(v12, 0xFFFF).has_value());
    CHECK(*energy(d, 15360) == doctest::Approx(15360));
    CHECK(*energy(a, 2080) == doctest::Approx(2080));
    CHECK_FALSE(energy(d, 0).has_value());
    CHECK_FALSE(energy(d, 512).has_value());
    CHECK(read_as(a, {{32105, 2080}}).installed_capacity->value == doctest::Approx(50)); // 41.6 V
}

TEST_CASE("v12: the rest of the registers") {
    Words words{{32100, 5230}, {32200, 2345}, {32204, 4997},   {32300, 2301}, {32301, 100}, {35000, 301},
                {35001, 355},  {35002, 348},  {35100, 3},      {35110, 571},  {35111, 500}, {35112, 480},
                {37007, 3321}, {37008, 3309}, {42000, 0x55AA}, {31101, 153},  {31102, 213}};
    put_s32(words, 32302, 230);
    put_s32(words, 33000, 123456);
    put_s32(words, 33002, 65536 + 7);
    const auto sample = read_as(v12, words);
    CHECK(sample.voltage->value == doctest::Approx(52.3));
    CHECK(sample.ac_voltage->value == doctest::Approx(234.5));
    CHECK(sample.ac_frequency->value == doctest::Approx(49.97));
    CHECK(sample.offgrid_voltage->value == doctest::Approx(230.1));
    CHECK(sample.offgrid_power == 230_W);
    CHECK(sample.charged_energy->value == doctest::Approx(1234.56));
    CHECK(sample.discharged_energy->value == doctest::Approx(655.43));
    CHECK(sample.temperature->value == doctest::Approx(30.1));
    CHECK(sample.mos_temperature->value == doctest::Approx(35.5));
    CHECK(sample.device_state == "discharge");
    CHECK(sample.state == 9);
    CHECK(sample.max_charge_voltage->value == doctest::Approx(57.1));
    CHECK(sample.max_charge_current == Amps{50});
    CHECK(sample.max_discharge_current == Amps{48});
    CHECK(sample.max_cell_voltage->value == doctest::Approx(3.321));
    CHECK(sample.min_cell_voltage->value == doctest::Approx(3.309));
    CHECK(sample.controlled == 1);
    CHECK(sample.device_firmware == "153, BMS 213");
}

TEST_CASE("the state in words and in Victron's numbers") {
    struct Row {
        std::uint16_t raw;
        const char* name;
        int state;
    };
    for (const Row& row : {Row{0, "sleep", 14}, Row{1, "standby", 14}, Row{2, "charge", 9}, Row{3, "discharge", 9},
                           Row{4, "backup", 9}, Row{5, "update", 13}, Row{6, "bypass", 9}}) {
        CHECK(read_as(e3, {{35100, row.raw}}).device_state == row.name);
        CHECK(read_as(e3, {{35100, row.raw}}).state == row.state);
    }
    CHECK_FALSE(read_as(e3, {{35100, 7}}).device_state.has_value());
}

TEST_CASE("controlled by set-points or by itself") {
    CHECK(read_as(e3, {{42000, 0x55AA}}).controlled == 1);
    CHECK(read_as(e3, {{42000, 0x55BB}}).controlled == 0);
    CHECK(read_as(e3, {{42000, 0x55FF}}).controlled == 0);
    CHECK_FALSE(read_as(e3, {}).controlled.has_value());
}

TEST_CASE("v3: versions of four digits have one decimal") {
    CHECK(read_as(e3, {{30200, 147}}).device_firmware == "147");
    CHECK(read_as(e3, {{30200, 1476}}).device_firmware == "147.6");
    CHECK(read_as(e3, {{30200, 1500}}).device_firmware == "150.0");
    CHECK_FALSE(read_as(e3, {{30200, 0}}).device_firmware.has_value());
}

SCENARIO("alarm words") {
    const auto with = [](std::map<std::uint16_t, std::uint16_t> bits) {
        Words words{{36000, 0}, {36001, 0}, {36100, 0}, {36101, 0}, {36102, 0}, {36103, 0}};
        for (const auto& [address, word] : bits) words[address] = word;
        return words;
    };
    GIVEN("no bit") {
        THEN("both texts are empty: it was read, and there is nothing") {
            CHECK(read_as(e3, with({})).alarm_words == "");
            CHECK(read_as(e3, with({})).possible_alarms == "");
        }
    }
    GIVEN("a word that the firmware refuses") {
        auto words = with({{36100, 16}});
        words.erase(36001);
        THEN("the others are told") { CHECK(read_as(e3, words).alarm_words == "36100=0x0010"); }
    }
    GIVEN("no word that was read") {
        THEN("nothing is said") {
            CHECK_FALSE(read_as(e3, {}).alarm_words.has_value());
            CHECK_FALSE(read_as(e3, {}).possible_alarms.has_value());
        }
    }
    GIVEN("a battery that is cut off, beside the bits that healthy devices show") {
        const auto sample = read_as(e3, with({{36100, 0x0010}, {36103, 0x092C}}));
        THEN("all words are shown, the unusual is named") {
            CHECK(sample.alarm_words == "36100=0x0010 36103=0x092C");
            CHECK(sample.possible_alarms == "possible: battery disconnected");
        }
    }
    GIVEN("a bit nobody has named") {
        THEN("the word is shown") {
            CHECK(read_as(e3, with({{36001, 0x8000}})).alarm_words == "36001=0x8000");
            CHECK(read_as(e3, with({{36001, 0x8000}})).possible_alarms == "");
        }
    }
    GIVEN("the same bit on v12") {
        THEN("it means something else") {
            CHECK(read_as(v12, with({{36100, 0x0010}})).possible_alarms == "possible: grid peak voltage / low SoC");
        }
    }
    GIVEN("every bit") {
        const auto sample = read_as(v12, with({{36000, 0xFFFF},
                                               {36001, 0xFFFF},
                                               {36100, 0xFFFF},
                                               {36101, 0xFFFF},
                                               {36102, 0xFFFF},
                                               {36103, 0xFFFF}}));
        THEN("the text is cut where it becomes too long") {
            CHECK(sample.possible_alarms->size() <= 255);
            CHECK(sample.possible_alarms->ends_with(", ..."));
            CHECK(sample.alarm_words->size() <= 255);
        }
    }
}

SCENARIO("packs") {
    GIVEN("two packs, of which the second is absent and reads zeros") {
        Words words{{32109, 2}, {32110, 1}, {32111, 1}};
        for (std::uint16_t i = 0; i < 17; ++i) words[static_cast<std::uint16_t>(34000 + i)] = 0;
        for (std::uint16_t i = 0; i < 17; ++i) words[static_cast<std::uint16_t>(34100 + i)] = 0;
        words[34000] = 4230;
        words[34002] = 455;
        words[34003] = 17;
        const auto sample = read_as(a, words);
        THEN("its zeros are no values") {
            CHECK(sample.voltage->value == doctest::Approx(42.3));
            CHECK(sample.pack_socs[0]->value == doctest::Approx(45.5));
            CHECK(sample.charge_cycles == 17);
            CHECK_FALSE(sample.pack_voltages[1].has_value());
            CHECK_FALSE(sample.pack_currents[1].has_value());
            CHECK_FALSE(sample.pack_socs[1].has_value());
            CHECK_FALSE(sample.pack_cycles[1].has_value());
        }
        THEN("sensors that read zero are not there") { CHECK_FALSE(sample.min_cell_temperature.has_value()); }
    }
    GIVEN("an active pack that cannot be") {
        const Words words{{32100, 4150}, {32109, 1}, {32110, 1}, {32111, 3}, {34000, 4230}, {34200, 4300}};
        THEN("the voltage is that of 32100") { CHECK(read_as(a, words).voltage->value == doctest::Approx(41.5)); }
    }
    GIVEN("temperatures of pack 1 only, without sensors") {
        THEN("they count, without a name") {
            const auto sample = read_as(d, {{35010, 261}, {35011, 257}});
            CHECK(sample.max_cell_temperature->value == doctest::Approx(26.1));
            CHECK(sample.min_cell_temperature->value == doctest::Approx(25.7));
            CHECK_FALSE(sample.max_temperature_cell_id.has_value());
        }
    }
    GIVEN("the number of packs") {
        const auto blocks = [](std::uint16_t count, std::uint16_t active) {
            return d.further_polls(image_of({{32109, count}, {32110, 1}, {32111, active}}));
        };
        THEN("only they are asked, the active one more often") {
            CHECK(blocks(0, 0).empty());
            CHECK(blocks(8, 1).empty()); // more than can be
            const auto polls = blocks(2, 2);
            REQUIRE(polls.size() == 4);
            CHECK(polls[0] == Poll{{34000, 17}, 60s});
            CHECK(polls[1] == Poll{{34018, 16}, 5min});
            CHECK(polls[2] == Poll{{34100, 17}, 10s});
            CHECK(a.further_polls(image_of({{32109, 1}}))[1].block.count == 13);
            CHECK(d.further_polls({}).empty());
        }
    }
}

TEST_CASE("sentinels are no values") {
    for (const int sentinel : {0xFFFF, 0x8000, 0x7FFF}) {
        CAPTURE(sentinel);
        Words words;
        for (const Register& row : d.registers) words[row.address] = as_word(sentinel);
        const auto sample = read_as(d, words);
        CHECK_FALSE(sample.soc.has_value());
        CHECK_FALSE(sample.voltage.has_value());
        CHECK_FALSE(sample.ac_voltage.has_value());
        CHECK_FALSE(sample.pack_voltages[3].has_value());
        CHECK_FALSE(sample.device_state.has_value());
        if (sentinel == 0xFFFF) continue; // as a signed number it is -1
        CHECK_FALSE(sample.temperature.has_value());
        CHECK_FALSE(sample.pv_power.has_value());
        CHECK_FALSE(sample.power.has_value());
    }
}

} // namespace
