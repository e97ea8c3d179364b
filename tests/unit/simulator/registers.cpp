// Words against numbers worked out by hand from docs/protocols/marstek-modbus.md and the captures.
#include "tests/unit/simulator/site.hpp"

using namespace vbat;
using namespace vbat::sim;
using namespace vbat::sim::test;

namespace {

using Words = std::vector<std::uint16_t>;

SCENARIO("V12: 32 bits, high word first; AC feeds the grid with +, the battery charges with +") {
    Site site{{.model = "e", .soc = 50}};
    site.take_control();
    site.order(500);
    site.run(20s);
    const auto ac = site.read(32202, 2); // about -500: FFFF FE0C
    CHECK(ac[0] == 0xFFFF);
    CHECK(std::abs(static_cast<std::int16_t>(ac[1]) + 500) <= 3);
    CHECK(site.number32(32102) > 450);
    CHECK(site.number32(32102) < 500);
    CHECK(site.word(37004) == site.word(32203));
    CHECK(site.word(35100) == 2);
    site.order(-2412);
    site.run(20s);
    CHECK(std::abs(site.number32(32202) - 2412) <= 3);
    CHECK(std::abs(static_cast<double>(site.number32(32102)) + 2412 / 0.894) < 20); // -2698; the capture has -2724
    CHECK(site.word(35100) == 3);
}

SCENARIO("V12: scales") {
    Site site{{.model = "e", .soc = 50}};
    CHECK(site.word(32104) == 50);
    CHECK(site.word(37005) == 50);
    CHECK(site.word(32105) == 5120);
    CHECK(site.word(32100) == doctest::Approx(5264).epsilon(0.001)); // 16 x 3.29 V
    CHECK(site.word(30001) == site.word(32100));
    CHECK(site.word(32200) == doctest::Approx(2310).epsilon(0.003));
    CHECK(site.word(32204) == doctest::Approx(5000).epsilon(0.001));
    CHECK(site.word(30006) == site.word(32300)); // not the grid power
    CHECK(site.word(35010) == 24);               // whole degrees
    CHECK(site.word(35000) == doctest::Approx(240).epsilon(0.02));
    CHECK(site.word(44000) == 1000);
    CHECK(site.word(44002) == 2500);
    CHECK(site.word(31101) == 155);
    CHECK(site.number32(33000) == 70000); // 700 kWh: both words
    CHECK(site.word(33000) == 1);
    CHECK(site.word(33001) == 70000 - 65536);
    CHECK(site.number32(33002) == 63000);
}

SCENARIO("V12: half of a value is garbage, the whole is not") {
    Site site{{.model = "e", .soc = 50}};
    site.wire.connect();
    CHECK(site.read(33000, 2) == Words{1, 4464});
    CHECK(site.read(33001) != Words{4464});
    CHECK(site.read(33000) != site.read(33000));
}

SCENARIO("V3: 30006 feeds the grid with +, 30001 charges with +, in one word each") {
    Site site{{.model = "e3", .soc = 50}};
    site.take_control();
    site.order(2208);
    site.run(20s);
    CHECK(std::abs(site.number(30006) + 2208) <= 3);
    CHECK(std::abs(site.number(30001) - (2208 + 67) * 0.947) < 10);
    CHECK(site.read(32202, 2)[0] == 0xFFFF);
    CHECK(std::abs(static_cast<std::int16_t>(site.read(32202, 2)[1]) + 2208) <= 3);
    CHECK(site.word(37004) == site.word(30006));
    CHECK(site.word(32102) == 0);
    CHECK(site.word(32103) == 0);
    CHECK(site.word(32101) == doctest::Approx(40).epsilon(0.05)); // whole amperes
    CHECK(site.number(30101) == doctest::Approx(400).epsilon(0.05));
    site.order(-600);
    site.run(20s);
    CHECK(std::abs(site.number(30006) - 600) <= 3);
    CHECK(site.word(32101) > 39000); // never use
}

SCENARIO("V3: scales and what is where") {
    Site site{{.model = "e3", .soc = 55}};
    CHECK(site.word(34002) == 550);
    CHECK(site.word(32104) == 55);
    CHECK(site.word(37005) == 55);
    CHECK(site.word(32105) == 5120);
    CHECK(site.word(32204) == 500);
    CHECK(site.word(32201) == site.word(32200));
    CHECK(site.word(30100) == site.word(34000));
    CHECK(site.word(35010) == doctest::Approx(219).epsilon(0.01)); // tenths of a degree
    CHECK(site.word(30200) == 147);
    CHECK(site.word(30212) == 5);
    CHECK(site.word(36103) == 0x092C); // on a healthy one
    CHECK(site.word(42000) == 0x55BB);
    CHECK(site.word(35110) == 576);
    for (const int absent : {31100, 31102, 31200, 41010, 44000, 44001, 44100, 32303}) {
        CHECK(site.word(static_cast<std::uint16_t>(absent)) == 0xDEAD);
    }
}

SCENARIO("identity: the captured words") {
    Site e3{{.model = "e3"}};
    e3.wire.connect();
    CHECK(e3.read(31000, 10) == Words{22094, 21317, 13101, 12288, 1543, 0, 0, 0, 0, 0}); // VNSE3-0, NUL, rubbish
    CHECK(e3.read(30304, 6) == Words{12338, 12336, 12336, 12336, 12336, 12337});         // 020000000001
    CHECK(e3.read(30350, 6) == Words{12848, 12852, 12345, 12345, 12337, 13625});
    Site d{{.model = "d"}};
    d.wire.connect();
    CHECK(d.read(31000, 10) == Words{22094, 21316, 11568, 0, 0, 0, 0, 0, 0, 0});
    Site v12{{.model = "e"}};
    v12.wire.connect();
    CHECK(v12.read(31000, 10) == Words{0x484D, 0x472D, 0x3530, 0, 0, 0, 0, 0, 0, 0}); // HMG-50
    CHECK(v12.read(30402, 6) == e3.read(30304, 6));
}

SCENARIO("D: the system is not its first pack") {
    Site site{{.model = "d", .soc = 71, .packs = 6}};
    CHECK(site.word(32104) == 71);
    CHECK(site.word(37005) == 79);
    CHECK(site.word(34002) == 790);
    CHECK(site.word(32109) == 6);
    CHECK(site.word(32110) == 63);
    CHECK(site.word(32105) == 15360);
    CHECK(site.word(34600) == 0); // a pack that is not there
    site.take_control();
    site.order(1000);
    site.run(30s);
    CHECK(site.word(30101) == 0); // pack 1 rests
    CHECK(site.word(34501) > 150);
}

SCENARIO("A: 13 cells, panels on the DC side") {
    Site site{{.model = "a", .soc = 35, .solar = "constant:450"}};
    site.run(5s);
    CHECK(site.word(30037) == 2250);
    CHECK(site.word(30038) == 2250);
    CHECK(site.word(30020) == 490);
    CHECK(site.word(30024) == doctest::Approx(46).epsilon(0.03));    // 225 W / 49 V
    CHECK(site.number(30029) == doctest::Approx(-105).epsilon(0.1)); // follows the sun; the capture has -103
    CHECK(site.word(30100) == doctest::Approx(4250).epsilon(0.03));  // 13 x 3.27 V, charging
    CHECK(site.word(34030) > 3000);
    CHECK(site.word(34031) == 0xDEAD);
    site.take_control();
    site.run(2s);
    CHECK(site.read(35100) == Words{4});
}

SCENARIO("C generation 3 has no packs' registers") {
    Site site{{.model = "c", .soc = 40}};
    CHECK(site.word(34002) == 0xDEAD);
    CHECK(site.word(37005) == 40);
}

SCENARIO("reading: counts and holes") {
    Site v3{{.model = "e3"}};
    v3.wire.connect();
    CHECK(v3.read(34000, 32).size() == 32);
    CHECK(fault_of([&] { v3.read(34000, 33); }) == ModbusFault::timed_out);
    CHECK(v3.read(30007, 4).size() == 4);                  // 30008, 30009 are not there
    CHECK(exception_of([&] { v3.read(30029, 9); }) == 2);  // seven are missing
    CHECK(exception_of([&] { v3.read(33000, 13); }) == 2); // runs past 33011
    CHECK(exception_of([&] { v3.read(1000); }) == 2);
    CHECK(exception_of([&] { v3.read(39000); }) == 3);
    CHECK(exception_of([&] { v3.read(45000); }) == 2);
    CHECK(v3.battery().counters().forbidden == 2);
    Site v12{{.model = "e"}};
    v12.wire.connect();
    CHECK(v12.read(37004, 5).size() == 5);
    CHECK(exception_of([&] { v12.read(30001, 4); }) == 2);
    CHECK(exception_of([&] { v12.read(36100, 5); }) == 2);
}

SCENARIO("what an A or a D hangs on") {
    Site site{{.model = "d"}};
    site.wire.connect();
    CHECK(fault_of([&] { site.read(32302, 2); }) == ModbusFault::timed_out);
    CHECK(fault_of([&] { site.read(30006); }) == ModbusFault::timed_out); // deaf
    site.wire.disconnect();
    site.run(1s);
    site.wire.connect();
    CHECK(site.read(32302).size() == 1);
    CHECK(fault_of([&] { site.read(31101); }) == ModbusFault::timed_out);
    CHECK(fault_of([&] { site.read(30006); }) == ModbusFault::timed_out);
    Site e3{{.model = "e3"}};
    e3.wire.connect();
    CHECK(exception_of([&] { e3.read(31101); }) == 2);
}

SCENARIO("writing: what is accepted") {
    Site v3{{.model = "e3"}};
    v3.wire.connect();
    const auto refused = [&](int address, int value) {
        return exception_of([&] { v3.write(static_cast<std::uint16_t>(address), static_cast<std::uint16_t>(value)); });
    };
    CHECK(refused(42000, 1) == 3);
    CHECK(refused(42000, 0x55B0) == 3);
    CHECK(refused(42010, 3) == 3);
    CHECK(refused(42011, 12) == 3);
    CHECK(refused(42011, 13) == 0);
    CHECK(refused(42020, 2501) == 3);
    CHECK(refused(43000, 3) == 3);
    CHECK(refused(41100, 128) == 3);
    CHECK(refused(43101, 1060) == 3);
    CHECK(refused(43103, 0xFFFF) == 0); // -1
    CHECK(refused(30006, 1) == 2);
    CHECK(refused(44000, 900) == 2); // V12 only
    Site v12{{.model = "e"}};
    v12.wire.connect();
    CHECK(exception_of([&] { v12.write(42011, 11); }) == 0);
    CHECK(exception_of([&] { v12.write(44000, 799); }) == 3);
    CHECK(exception_of([&] { v12.write(44001, 300); }) == 0);
}

SCENARIO("control: acknowledged when off, ended by the work mode on V3") {
    Site site{{.model = "e3"}};
    site.wire.connect();
    site.order(605);
    site.run(10s);
    CHECK(site.plant().register_power().value == 0);
    site.write(42000, 0x55AA);
    CHECK(site.word(43000) == 1);
    site.write(43000, 0);
    CHECK(site.word(42000) == 0x55BB);
    CHECK(site.word(43000) == 0);
    WHEN("it reboots, the set-points are gone") {
        site.write(41000, 0x55AA);
        site.run(21s);
        CHECK(site.word(42020) == 0);
        CHECK(site.word(42010) == 0);
    }
    GIVEN("a V12, which keeps control and reads AI as anti-feed") {
        Site v12{{.model = "e"}};
        v12.take_control();
        v12.write(43000, 2);
        CHECK(v12.word(42000) == 0x55AA);
        CHECK(v12.word(43000) == 1);
    }
}

SCENARIO("V3: a slot is enabled last or not at all") {
    Site site{{.model = "e3"}};
    site.wire.connect();
    site.write(43104, 1);
    site.write(43100, 127);
    CHECK(site.word(43104) == 0);
}

SCENARIO("the day's energy begins at midnight, the total does not") {
    Site site{{.model = "e3", .soc = 20}};
    site.take_control();
    site.order(300);
    site.run(10s);
    site.simulation.advance_physics(2h);
    CHECK(site.number32(33004) == doctest::Approx(60).epsilon(0.03));
    CHECK(site.number32(33000) == doctest::Approx(70060).epsilon(0.0001));
    site.order(0);
    site.simulation.advance_physics(15h);
    CHECK(site.number32(33004) == 0);
    CHECK(site.number32(33008) == doctest::Approx(60).epsilon(0.03));
}

} // namespace
