#include "tests/support/printing.hpp"
// after doctest
#include "tests/support/marstek.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

constexpr Block power{30001, 7};

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

} // namespace
