#include "core/energy_book.hpp"
#include "tests/support/batteries.hpp"
#include "tests/support/printing.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

Member at(Duration later, Watts power, const std::string& name = "a") {
    return member(name, sample(power, 50_pct, noon + later));
}

SCENARIO("energy is power over time, by direction") {
    EnergyBook book;
    book.take(at(0s, 1000_W));
    book.take(at(36s, 1000_W));
    CHECK(book.entries().at("a").charged.value == doctest::Approx(0.01));
    WHEN("the battery turns round") {
        book.take(at(72s, -1000_W));
        THEN("each direction has half of the way") {
            CHECK(book.entries().at("a").charged.value == doctest::Approx(0.015));
            CHECK(book.entries().at("a").discharged.value == doctest::Approx(0.005));
        }
    }
    WHEN("the same sample is looked at again") {
        book.take(at(36s, 1000_W));
        THEN("it counts once") { CHECK(book.entries().at("a").charged.value == doctest::Approx(0.01)); }
    }
    WHEN("there is a hole of hours") {
        book.take(at(5h, 1000_W));
        THEN("nothing is invented for it") { CHECK(book.entries().at("a").charged.value == doctest::Approx(0.01)); }
    }
}

SCENARIO("a device that counts itself is believed") {
    EnergyBook book;
    Member own = at(0s, 1000_W);
    own.sample->charged_energy = KilowattHours{123};
    book.take(own);
    own.sample->taken_at += 60s;
    own.sample->charged_energy = KilowattHours{123.5};
    book.take(own);
    CHECK(book.entries().at("a").charged == KilowattHours{123.5});
    THEN("but a total never falls: neither for a glitch nor for a counter that began anew") {
        own.sample->taken_at += 60s;
        own.sample->charged_energy = KilowattHours{0};
        book.take(own);
        CHECK(book.entries().at("a").charged == KilowattHours{123.5});
    }
    CHECK(book.entries().at("a").discharged == KilowattHours{0});
}

SCENARIO("a device whose total stands still") {
    EnergyBook book;
    const auto charged = [&](int minutes, double told) {
        Member device = at(std::chrono::minutes{minutes}, 6000_W);
        device.sample->charged_energy = KilowattHours{told};
        book.take(device);
        return book.entries().at("a").charged.value;
    };
    CHECK(charged(0, 100) == 100);
    CHECK(charged(4, 100) == 100);
    CHECK(charged(5, 100) == 100);
    THEN("what was counted meanwhile is added once that is clear, and we count on") {
        CHECK(charged(6, 100) == doctest::Approx(100.6));
        CHECK(charged(7, 100) == doctest::Approx(100.7));
        AND_WHEN("it moves on from where it stood") {
            CHECK(charged(8, 100.1) == doctest::Approx(100.7));
            THEN("its next steps are believed again") { CHECK(charged(9, 100.2) == doctest::Approx(100.8)); }
        }
        AND_WHEN("it catches up in one step") {
            THEN("nothing is counted twice") { CHECK(charged(8, 100.85) == doctest::Approx(100.85)); }
            THEN("what we had counted too much is not added to its next step") {
                CHECK(charged(8, 100.65) == doctest::Approx(100.7));
                CHECK(charged(9, 100.75) == doctest::Approx(100.75));
            }
        }
    }
    THEN("when it moves it is believed again") { CHECK(charged(6, 100.6) == doctest::Approx(100.6)); }
    THEN("a total of 0 for a moment is not energy when it is gone again") {
        CHECK(charged(6, 0) >= 100);
        CHECK(charged(7, 100.7) == doctest::Approx(100.7));
    }
}

SCENARIO("a device known for small steps") {
    EnergyBook book;
    const auto charged = [&](int minutes, double told) {
        Member device = at(std::chrono::minutes{minutes}, 3000_W);
        device.sample->charged_energy = KilowattHours{told};
        book.take(device);
        return book.entries().at("a").charged.value;
    };
    CHECK(charged(0, 100) == 100);
    CHECK(charged(1, 100.05) == doctest::Approx(100.05));
    CHECK(charged(3, 100.05) == doctest::Approx(100.05));
    THEN("is suspected sooner when it stands still") { CHECK(charged(5, 100.05) == doctest::Approx(100.25)); }
}

SCENARIO("a restart with more in the book than the device says") {
    EnergyBook book{{{"a", {KilowattHours{120}, KilowattHours{}}}}};
    const auto charged = [&](int minutes, double told) {
        Member device = at(std::chrono::minutes{minutes}, 600_W);
        device.sample->charged_energy = KilowattHours{told};
        book.take(device);
        return book.entries().at("a").charged.value;
    };
    GIVEN("its counter, that began anew") {
        CHECK(charged(0, 0.5) == 120);
        THEN("its steps count on from there") { CHECK(charged(1, 0.51) == doctest::Approx(120.01)); }
    }
    GIVEN("a 0 for a moment") {
        CHECK(charged(0, 0) == 120);
        THEN("what follows is its total") { CHECK(charged(1, 123) == 123); }
    }
}

SCENARIO("a total that leaps") {
    EnergyBook book;
    const auto charged = [&](int minutes, double told) {
        Member device = at(std::chrono::minutes{minutes}, 0_W);
        device.sample->charged_energy = KilowattHours{told};
        book.take(device);
        return book.entries().at("a").charged.value;
    };
    CHECK(charged(0, 1000) == 1000);
    GIVEN("one wrong word") {
        CHECK(charged(1, 1655.36) == 1000);
        THEN("it was no energy") {
            CHECK(charged(2, 1000.01) == doctest::Approx(1000.01));
            CHECK(charged(9, 1000.02) == doctest::Approx(1000.02));
        }
    }
    GIVEN("another device") {
        for (int minute = 1; minute <= 6; ++minute) CHECK(charged(minute, 3000 + 0.01 * minute) == 1000);
        THEN("its steps count from there") { CHECK(charged(10, 3000.3) == doctest::Approx(1000.24)); }
    }
    GIVEN("hours without a word") {
        THEN("what it counted meanwhile is energy") { CHECK(charged(180, 1007) == 1007); }
    }
}

SCENARIO("a battery with an inverter of its own is counted at its AC side") {
    EnergyBook book;
    const auto take = [&](Duration later) {
        Member device = at(later, 900_W);
        device.sample->ac_power = 1000_W;
        book.take(device);
    };
    take(0s);
    take(36s);
    CHECK(book.entries().at("a").charged.value == doctest::Approx(0.01));
}

SCENARIO("the sum") {
    EnergyBook book{
        {{"a", {KilowattHours{10.0004}, KilowattHours{1}}}, {"gone", {KilowattHours{99}, KilowattHours{99}}}}};
    const std::vector members{at(0s, 0_W, "a"), at(0s, 0_W, "b")};
    for (const Member& each : members) book.take(each);
    THEN("is over today's members, from where a restart left it, to the Wh") {
        CHECK(book.sum(members) == Energy{KilowattHours{10.0}, KilowattHours{1}});
    }
    THEN("a silent member keeps its share") {
        std::vector silent = members;
        silent[0].sample.reset();
        CHECK(book.sum(silent).charged == KilowattHours{10.0});
    }
}

} // namespace
