#include "tests/unit/simulator/site.hpp"

#include <cmath>

using namespace vbat;
using namespace vbat::sim;
using namespace vbat::sim::test;

namespace {

constexpr double start_second = 8 * 3600;

// What goes in comes out: at the house connection and around each battery.
void check_energy(const House& house, double stored_before) {
    const HouseBook& book = house.book();
    double in = book.imported.value + book.solar.value - book.exported.value;
    double stored = 0;
    double lost = 0;
    double backup = 0;
    double throughput = book.load.value;
    for (const auto& device : house.devices()) {
        const BatteryPlant& plant = device->battery().plant();
        stored += plant.packs().soc() / 100 * plant.packs().capacity().value;
        lost += plant.book().lost.value;
        backup += plant.book().backup_delivered.value;
        in += plant.book().solar.value;
        throughput += plant.book().charged.value + plant.book().discharged.value;
    }
    CHECK(throughput > 10000);
    CHECK(std::abs(in - book.load.value - backup - lost - (stored - stored_before)) < 1e-4 * throughput);
}

SCENARIO("a day with everything moving loses no energy and invents none") {
    const std::vector<BatterySpec> batteries{
        {.name = "own", .model = "e3", .plant = "slow", .soc = 40, .ct = true},
        {.name = "told", .model = "e", .plant = "fast", .soc = 90, .gateway = "bus"},
        {.name = "roof", .model = "d", .soc = 50, .packs = 4, .backup_watts = 120, .solar = "profile:clouds:800"}};
    Simulation simulation{
        {.house = {.seed = 7, .load = "profile:day", .solar = "profile:clouds:3500", .batteries = batteries}}, noon};
    House& house = simulation.house();
    house.device("own").battery().firmware().write_work_mode(1);
    double stored = 0;
    for (const auto& device : house.devices())
        stored += device->battery().plant().packs().soc() / 100 * device->battery().plant().packs().capacity().value;
    Firmware& told = house.device("told").battery().firmware();
    told.take_control();
    for (int hour = 0; hour < 24; ++hour) {
        told.orders() = {.control = true,
                         .force = static_cast<std::uint16_t>(1 + hour % 2),
                         .charge = static_cast<std::uint16_t>(100 * hour),
                         .discharge = 1500};
        house.set_grid(hour != 15);
        simulation.advance_physics(1h);
    }
    check_energy(house, stored);
}

SCENARIO("the grid sees load, sun and battery") {
    Site site{{.model = "e3"}, "constant:700"};
    site.take_control();
    site.order(-300);
    site.run(30s);
    CHECK(site.simulation.house().grid().value == doctest::Approx(700 + site.plant().ac_power().value));
    CHECK(site.plant().ac_power().value == doctest::Approx(-300 + 7).epsilon(0.01));
}

SCENARIO("dead time, relay and slew come before the power") {
    GIVEN("the nominal plant at rest: 1 s dead, 2 s of the relay, 600 W/s") {
        Inverter inverter{plant_preset("nom")};
        inverter.order({1200});
        const auto after = [&](double seconds) {
            for (int i = 0; i < std::lround(seconds * 10); ++i) inverter.step(0.1, {2500}, {2500});
            return inverter.power().value;
        };
        CHECK(after(2.9) == 0);
        CHECK_FALSE(inverter.relay_closed());
        CHECK(after(1.1) > 300);
        CHECK(inverter.relay_closed());
        CHECK(inverter.power().value < 600);
        CHECK(after(4) == 1200);
        WHEN("it runs, only dead time and slew are left, through zero as well") {
            inverter.order({-600});
            CHECK(after(0.9) == 1200);
            CHECK(after(2.0) > 0); // 1200 W - 600 W/s * 2 s, and the tail
            CHECK(after(4) == -600);
            CHECK(inverter.relay_cycles() == 1);
        }
        WHEN("one watt is wanted the relay stays closed, at zero it opens") {
            inverter.order({1});
            CHECK(after(10) == 1);
            CHECK(inverter.relay_closed());
            inverter.order({0});
            after(10);
            CHECK_FALSE(inverter.relay_closed());
        }
    }
}

SCENARIO("losses follow the measured table") {
    // 513 W from the wall at 93.8 %; 494 W to the wall at 89.8 %; engaged at 0 W it costs 20 W.
    CHECK(conversion_loss({513}).value == doctest::Approx(513 * 0.062));
    CHECK(conversion_loss({-494}).value == doctest::Approx(494 / 0.898 - 494));
    CHECK(conversion_loss({0}).value == doctest::Approx(20));
    // A set-point of 2491 W takes 2567 W from the wall.
    CHECK(wall_power({2491}).value == doctest::Approx(2567));
    CHECK(wall_power({-1000}).value == doctest::Approx(-1000));
}

SCENARIO("the state of charge moves by the energy that reaches the cells") {
    Site site{{.model = "e3", .soc = 50}};
    site.take_control();
    site.order(1000);
    site.run(30s);
    const double before = site.plant().packs().soc();
    site.simulation.advance_physics(30min);
    // 1000 W register, 1028.8 W at the wall, 4.5 % lost, half an hour, 5.12 kWh
    CHECK(site.plant().packs().soc() - before == doctest::Approx(100 * 1028.8 * 0.955 / 2 / 5120).epsilon(0.002));
    // the device counts what it believes to take
    CHECK(site.plant().book().counted_charge.value == doctest::Approx(500).epsilon(0.02));
}

SCENARIO("near full it takes less, and full nothing; near empty it stops") {
    Site site{{.model = "e3", .soc = 94}};
    site.take_control();
    site.order(2500);
    site.run(20s);
    CHECK(site.plant().register_power().value == doctest::Approx(2500));
    site.battery().set_soc(95.5);
    site.run(20s);
    CHECK(site.plant().register_power().value < 1500);
    CHECK(site.plant().register_power().value > 1200);
    site.battery().set_soc(99.5);
    site.run(20s);
    CHECK(site.plant().register_power().value < 1000);
    site.battery().set_soc(100);
    site.run(20s);
    CHECK(site.plant().register_power().value == 0);
    CHECK(site.word(35111) == 0);
    CHECK(site.word(35112) == 1000);

    site.order(-2500);
    site.battery().set_soc(12);
    site.run(20s);
    CHECK(site.plant().register_power().value == 0);
    site.battery().set_soc(13); // 2 % of hysteresis
    site.run(20s);
    CHECK(site.plant().register_power().value == 0);
    site.battery().set_soc(14.5);
    site.run(20s);
    CHECK(site.plant().register_power().value == doctest::Approx(-2500));
}

SCENARIO("limits are the model's and the settings'") {
    GIVEN("a D: 2200 W of charge, 2500 W of discharge") {
        Site site{{.model = "d", .soc = 50}};
        site.take_control();
        site.order(2500);
        site.run(20s);
        CHECK(site.plant().register_power().value == doctest::Approx(2200));
    }
    GIVEN("an A: more than 1450 W is acknowledged and ignored") {
        Site site{{.model = "a", .soc = 50}};
        site.take_control();
        site.order(1200);
        site.order(1500);
        site.run(20s);
        CHECK(site.word(42020) == 1500);
        CHECK(site.plant().register_power().value == doctest::Approx(1200));
    }
    GIVEN("an E3 whose charge limit was never written, and then is 0") {
        Site site{{.model = "e3", .soc = 50}};
        site.take_control();
        CHECK(site.word(44002) == 0);
        site.order(500);
        site.run(20s);
        CHECK(site.plant().register_power().value == 500);
        site.write(44002, 0);
        site.run(20s);
        CHECK(site.plant().register_power().value == 0);
    }
    GIVEN("a V12 with its charge cut-off at 80 %") {
        Site site{{.model = "e", .soc = 82}};
        site.take_control();
        site.write(44000, 800);
        site.order(500);
        site.run(20s);
        CHECK(site.plant().register_power().value == 0);
    }
}

SCENARIO("a set-point is held for ever, and control that is lost ends it") {
    Site site{{.model = "e3", .soc = 90}};
    site.take_control();
    site.order(-200);
    site.wire.disconnect(); // the controller has died
    site.run(20s);
    site.simulation.advance_physics(10h);
    CHECK(site.plant().register_power().value == doctest::Approx(-200));
    site.fault(Fault::control_lost, 1);
    site.run(20s);
    CHECK(site.plant().register_power().value == 0);
}

SCENARIO("without control it follows its own work mode") {
    GIVEN("anti-feed with a CT: its own slow loop brings the grid near zero") {
        Site site{{.model = "e3", .soc = 50, .ct = true}, "constant:900"};
        site.battery().firmware().write_work_mode(1);
        site.run(120s);
        CHECK(std::abs(site.simulation.house().grid().value) < 60);
    }
    GIVEN("anti-feed without a CT: idle") {
        Site site{{.model = "e3", .soc = 50}, "constant:900"};
        site.battery().firmware().write_work_mode(1);
        site.run(60s);
        CHECK(site.plant().ac_power() == Watts{});
    }
    GIVEN("manual with a slot for now: it discharges, + means discharge in slots") {
        Site site{{.model = "e", .soc = 50}};
        site.wire.connect();
        for (const auto& [address, value] :
             {std::pair{43100, 127}, {43101, 700}, {43102, 900}, {43103, 600}, {43104, 1}})
            site.write(static_cast<std::uint16_t>(address), static_cast<std::uint16_t>(value));
        site.run(60s);
        CHECK(site.plant().register_power().value == doctest::Approx(-600));
        site.simulation.advance_physics(1h); // 9 o'clock has passed
        CHECK(site.plant().register_power().value == 0);
    }
}

SCENARIO("charge to a state of charge ends by itself") {
    Site site{{.model = "e3", .soc = 60}};
    site.take_control();
    site.write(42020, 2000);
    site.write(42011, 62);
    CHECK(site.word(42010) == 3);
    site.run(30s);
    CHECK(site.plant().register_power().value == doctest::Approx(2000));
    site.simulation.advance_physics(10min);
    CHECK(site.plant().packs().soc() == doctest::Approx(62).epsilon(0.005));
    CHECK(site.plant().register_power().value == 0);
    CHECK(site.word(42010) == 0);
}

SCENARIO("the backup output is fed by the grid as long as there is one") {
    Site site{{.model = "d", .soc = 50, .backup_watts = 200}};
    site.run(10s);
    CHECK(site.plant().ac_power() == Watts{});
    CHECK(site.simulation.house().grid().value == doctest::Approx(200));
    CHECK(site.word(35100) == 6);
    WHEN("the grid goes, the battery feeds it") {
        site.simulation.house().set_grid(false);
        site.run(10s);
        CHECK(site.simulation.house().grid().value == 0);
        CHECK(site.plant().dc_power().value < -200);
        CHECK(site.word(32200) == 0);
        CHECK(site.word(30006) == 0);
        CHECK(site.word(30007) == 200);
        CHECK(site.word(35100) == 4);
    }
}

SCENARIO("panels on the DC side charge the pack, and one pack at a time works") {
    Site site{{.model = "d", .soc = 50, .packs = 3, .solar = "constant:400"}};
    site.run(5min);
    int working = 0;
    for (const Pack& pack : site.plant().packs().all()) working += std::abs(pack.current.value) > 0.5 ? 1 : 0;
    CHECK(working == 1);
    CHECK(site.plant().dc_power().value == doctest::Approx(400 * 0.96 - 7));
    CHECK(site.plant().ac_power() == Watts{});
}

SCENARIO("the same seed is the same house, another seed is another") {
    const auto grid = [](std::uint64_t seed) {
        Simulation simulation{{.house = {.seed = seed,
                                         .load = "profile:day",
                                         .solar = "profile:clouds",
                                         .start_hour = start_second / 3600}},
                              noon};
        double sum = 0;
        for (int minute = 0; minute < 600; ++minute) {
            simulation.advance_physics(1min);
            sum += std::abs(simulation.house().grid().value);
        }
        return sum;
    };
    CHECK(grid(3) == grid(3));
    CHECK(grid(3) != grid(4));
}

SCENARIO("a trace is interpolated") {
    const std::string trace = VBAT_SOURCE_DIR "/tools/simulator/traces/cyprus_netload.csv";
    const PowerSource load = power_source("csv:" + trace, "load_w", 1);
    const PowerSource sun = power_source("csv:" + trace, "pv_w", 1);
    CHECK(load.at(0, 0) == 492);
    CHECK(load.at(0, 15) == doctest::Approx((492 + 484) / 2.0));
    CHECK(sun.at(0, 30) == 1924);
    CHECK_THROWS_WITH(power_source("csv:/nowhere", "pv_w", 1), "/nowhere: cannot be read");
    CHECK_THROWS_WITH(power_source("constant:x", "pv_w", 1), "source 'constant:x': 'x' is not a number of watts");
}

} // namespace
