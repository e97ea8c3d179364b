#include "app/battery_tools.hpp"
#include "tests/support/printing.hpp"

#include <doctest/doctest.h>

#include <algorithm>
#include <map>

using namespace vbat;

namespace {

struct Device {
    std::string name{};
    std::string mac{};
    bool takes_id = true;
    std::uint16_t control = 0x55BB;
    std::uint16_t force = 1;
    bool tells_control = true;
    int silent_for = 0; // requests
};

// Batteries on one line by their unit id. Behaves like the wire: silence, exceptions, collisions.
class Line final : public ModbusPort {
public:
    std::map<int, std::vector<Device>> units{};
    bool gateway_tells_absence = false;
    bool answers_any_id = false;          // a device on a TCP port of its own
    bool write_answer_has_new_id = false; // a device that changes its id before it answers

    std::vector<std::uint16_t> read(int unit, Block block, Duration) override {
        Device& device = at(unit);
        if (block.address == 31000) return words(device.name, block.count);
        if (block.address == 30304) return words(device.mac, block.count);
        if (block.address == 41100) return {static_cast<std::uint16_t>(own_id(unit))};
        if (block.address == 42000 && device.tells_control) return {device.control};
        throw ModbusError{ModbusFault::refused, "illegal address", 2};
    }

    void write(int unit, std::uint16_t address, std::uint16_t value) override {
        Device& device = at(unit);
        if (address == 42010) device.force = value;
        if (address != 41100 || !device.takes_id) return;
        auto moved = units.extract(own_id(unit));
        moved.key() = value;
        units.insert(std::move(moved));
        if (write_answer_has_new_id) throw ModbusError{ModbusFault::garbled, "the answer is of another unit"};
    }

    void pause(Duration duration) override { paused += duration; }
    void reconnect() override {}

    Duration paused{};

private:
    int own_id(int unit) const { return answers_any_id ? units.begin()->first : unit; }

    Device& at(int unit) {
        const auto found = units.find(own_id(unit));
        if (found == units.end() && gateway_tells_absence)
            throw ModbusError{ModbusFault::refused, "target does not respond", 0x0B};
        if (found == units.end()) throw ModbusError{ModbusFault::timed_out, "timed out"};
        auto& devices = found->second;
        for (Device& device : devices)
            if (device.silent_for > 0 && device.silent_for-- > 0)
                throw ModbusError{ModbusFault::timed_out, "timed out"};
        std::rotate(devices.begin(), devices.begin() + 1, devices.end()); // now the one is heard, now the other
        return devices.front();
    }

    static std::vector<std::uint16_t> words(const std::string& text, std::uint16_t count) {
        std::vector<std::uint16_t> result(count, 0);
        for (std::size_t i = 0; i < text.size(); ++i) {
            const auto letter = static_cast<std::uint16_t>(static_cast<unsigned char>(text[i]));
            result[i / 2] = static_cast<std::uint16_t>(result[i / 2] | (i % 2 == 0 ? letter << 8 : letter));
        }
        return result;
    }
};

const Device left{.name = "VNSE3-0", .mac = "020000000001"};
const Device right{.name = "VNSD-0", .mac = "020000000002"};

SCENARIO("a scan finds who is there") {
    Line line;
    line.units = {{1, {left}}, {4, {right}}};
    const auto absent = {false, true};
    for (const bool told : absent) {
        line.gateway_tells_absence = told;
        const auto found = scan_units(line, 1, 10);
        REQUIRE(found.size() == 2);
        CHECK(found[0].unit == 1);
        CHECK(found[0].model == model_named("VNSE3-0"));
        CHECK(found[0].serial == "020000000001");
        CHECK(found[1].unit == 4);
        CHECK(found[1].own_id == 4);
    }
    CHECK(to_text(scan_units(line, 1, 4), "10.0.0.5:502") ==
          "10.0.0.5:502 unit 1: Marstek Venus E 3.0 (VNSE3-0), serial 020000000001\n"
          "10.0.0.5:502 unit 4: Marstek Venus D (VNSD-0), serial 020000000002\n");
    CHECK(to_text(scan_units(line, 2, 3), "/dev/ttyUSB0") == "/dev/ttyUSB0: no unit answers\n");
}

SCENARIO("a device on a TCP port of its own answers to every id") {
    Line line;
    line.units = {{1, {left}}};
    line.answers_any_id = true;
    CHECK(to_text(scan_units(line, 1, 2), "a") == "a unit 1: Marstek Venus E 3.0 (VNSE3-0), serial 020000000001\n"
                                                  "a unit 2: the same battery as unit 1, it answers to every id\n");
    THEN("its id can be changed all the same") {
        change_unit_id(line, 1, 3);
        CHECK(line.units.begin()->first == 3);
    }
}

SCENARIO("a unit id is changed") {
    Line line;
    line.units = {{1, {left}}, {4, {right}}};
    line.units[1][0].control = 0x55AA;
    for (const bool odd : {false, true}) {
        line.write_answer_has_new_id = odd;
        const int from = line.units.begin()->first;
        const int to = from == 1 ? 2 : 3;
        CHECK(change_unit_id(line, from, to).find(" has unit id " + std::to_string(to)) != std::string::npos);
        CHECK(line.units.contains(to));
        CHECK(line.units.at(to)[0].force == 0); // whatever steered it, it stands still
        CHECK(line.paused >= std::chrono::seconds{1});
    }
}

SCENARIO("a unit id is not changed when that is not safe") {
    Line line;
    line.units = {{1, {left}}, {4, {right}}};
    const auto refusal = [&](int from, int to) -> std::string {
        try {
            change_unit_id(line, from, to);
        } catch (const ToolRefusal& refused) {
            return refused.what();
        }
        return "";
    };
    WHEN("nobody is there") { CHECK(refusal(2, 3).starts_with("nobody answers on unit id 2")); }
    WHEN("the new id is taken") { CHECK(refusal(1, 4).starts_with("unit id 4 is in use by VNSD-0")); }
    WHEN("it is the same") { CHECK(refusal(1, 1) == "unit id 1 is what it has"); }
    WHEN("two batteries have the old id") {
        line.units[1].push_back(right);
        CHECK(refusal(1, 2).find("two batteries") != std::string::npos);
    }
    WHEN("it is no battery we know") {
        line.units[1][0].name = "Pump";
        CHECK(refusal(1, 2).find("'Pump'") != std::string::npos);
    }
    WHEN("the new id is taken by one that pauses") {
        line.units[4][0].silent_for = 1;
        CHECK(refusal(1, 4).starts_with("unit id 4 is in use"));
    }
    WHEN("it does not say whether somebody steers it") {
        line.units[1][0].tells_control = false;
        CHECK(refusal(1, 2).find("under control") != std::string::npos);
    }
    WHEN("the battery does not do it") {
        line.units[1][0].takes_id = false;
        CHECK(refusal(1, 2).find("still answers on unit id 1") != std::string::npos);
    }
    CHECK(line.units.contains(1));
}

} // namespace
