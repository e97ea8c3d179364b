#include "device/modbus_address.hpp"
#include "device/register_map.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

#include <cmath>

using namespace vbat;
using namespace vbat::test;

namespace {

RegisterImage image(Block block, std::vector<std::uint16_t> values) {
    RegisterImage image;
    image.put(block, values, noon, 15s);
    return image;
}

SCENARIO("numbers out of words") {
    GIVEN("the words 0xFFFF 0xFE0C at 100") {
        const RegisterImage read = image({100, 2}, {0xFFFF, 0xFE0C});
        THEN("they are read as asked, high word first") {
            CHECK(read.number(100, Encoding::s32) == -500);
            CHECK(read.number(100, Encoding::u32) == 4294966796.0);
            CHECK(read.number(101, Encoding::s16) == -500);
            CHECK(read.number(101, Encoding::u16) == 65036);
        }
        THEN("what reaches beyond is not there") {
            CHECK_FALSE(read.number(101, Encoding::s32).has_value());
            CHECK_FALSE(read.number(99, Encoding::u16).has_value());
            CHECK_FALSE(read.word(102).has_value());
        }
    }
    GIVEN("two words that were fetched by two requests") {
        RegisterImage read = image({100, 1}, {1});
        read.put({101, 1}, std::vector<std::uint16_t>{2}, noon, 15s);
        THEN("they make no number of two words") {
            CHECK_FALSE(read.number(100, Encoding::u32).has_value());
            CHECK(read.word(101) == 2);
        }
    }
    GIVEN("an address at the end of all") {
        THEN("it does not wrap around") {
            const RegisterImage read = image({0xFFFF, 1}, {7});
            CHECK(read.word(0xFFFF) == 7);
            CHECK_FALSE(read.number(0xFFFF, Encoding::u32).has_value());
        }
    }
}

SCENARIO("a block is replaced, dropped, and grows old") {
    GIVEN("a block, and a longer one read later") {
        RegisterImage read = image({100, 2}, {1, 2});
        read.put({100, 3}, std::vector<std::uint16_t>{11, 12, 13}, noon + 10s, 15s);
        THEN("the youngest counts, whatever the order they came in") {
            CHECK(read.word(101) == 12);
            read.put({101, 1}, std::vector<std::uint16_t>{5}, noon + 5s, 15s);
            CHECK(read.word(101) == 12);
        }
        THEN("without it, the other is seen again") {
            read.drop({100, 3});
            CHECK(read.word(101) == 2);
            CHECK_FALSE(read.word(102).has_value());
        }
        THEN("each goes at its own time") {
            read.drop_older(noon + 15s);
            CHECK(read.word(100) == 11);
            read.drop({100, 3});
            CHECK(read.word(100) == 1);
            read.drop_older(noon + 15s + 1ms);
            CHECK_FALSE(read.word(100).has_value());
        }
        THEN("an answer of the wrong length changes nothing") {
            read.put({100, 3}, std::vector<std::uint16_t>{1}, noon + 11s, 15s);
            CHECK(read.word(102) == 13);
        }
    }
}

SCENARIO("text out of words") {
    THEN("it ends at NUL, rubbish behind it is not read, unprintable letters are left out") {
        CHECK(image({0, 5}, {22094, 21317, 13101, 12288, 1543}).text({0, 5}) == "VNSE3-0");
        CHECK(image({0, 2}, {0x0141, 0xFF42}).text({0, 2}) == "AB");
        CHECK(image({0, 2}, {0x4142, 0x4344}).text({0, 2}) == "ABCD");
        CHECK(image({0, 1}, {0}).text({0, 1}).empty());
        CHECK(image({0, 1}, {0x4142}).text({0, 2}).empty());
    }
}

SCENARIO("decoding") {
    constexpr Register map[] = {
        reads<&BatterySample::voltage>(100, Encoding::u16, 0.01, 30, 65),
        reads<&BatterySample::ac_power>(101, Encoding::s16, -1, -4000, 4000),
        reads<&BatterySample::pack_count>(102, Encoding::u16, 1, 0, 7),
        reads_one_of<&BatterySample::cell_voltages, 3>(103, Encoding::u16, 0.001, 1.5, 4.5),
    };
    static_assert(is_sorted_without_overlap(map));
    GIVEN("words in range") {
        BatterySample sample;
        decode(map, image({100, 4}, {5230, 0, 4, 3300}), sample);
        THEN("they fill their members; nothing becomes minus zero") {
            CHECK(sample.voltage->value == doctest::Approx(52.3));
            CHECK(sample.pack_count == 4);
            CHECK(sample.cell_voltages[3]->value == doctest::Approx(3.3));
            REQUIRE(sample.ac_power == 0_W);
            CHECK_FALSE(std::signbit(sample.ac_power->value));
        }
    }
    GIVEN("words out of range") {
        BatterySample sample;
        std::vector<const Register*> wrong;
        decode(map, image({100, 3}, {6501, 500, 8}), sample, &wrong);
        THEN("they are named and not stored; the others are") {
            REQUIRE(wrong.size() == 2);
            CHECK(wrong[0]->address == 100);
            CHECK(wrong[1]->address == 102);
            CHECK_FALSE(sample.voltage.has_value());
            CHECK_FALSE(sample.pack_count.has_value());
            CHECK(sample.ac_power == Watts{-500});
        }
    }
    GIVEN("tables that are not sorted") {
        THEN("it is noticed") {
            constexpr Register overlapping[] = {reads<&BatterySample::power>(100, Encoding::s32, 1, 0, 1),
                                                reads<&BatterySample::voltage>(101, Encoding::u16, 1, 0, 1)};
            CHECK_FALSE(is_sorted_without_overlap(overlapping));
        }
    }
}

TEST_CASE("an address as people write it") {
    CHECK(to_string({.host = "10.0.0.5"}) == "10.0.0.5:502");
    CHECK(to_string({.framing = Framing::rtu_over_tcp, .host = "gateway", .port = 8899}) == "gateway:8899");
    CHECK(to_string({.host = "fe80::1"}) == "[fe80::1]:502");
    CHECK(to_string({.framing = Framing::rtu, .serial = "/dev/ttyUSB0"}) == "/dev/ttyUSB0");
}

} // namespace
