// Walks every model, so that none can rot unseen.
#include "device/catalogue.hpp"
#include "device/models/marstek.hpp"
#include "tests/support/printing.hpp"
// after doctest
#include "tests/support/marstek.hpp"

using namespace vbat;
using namespace vbat::test;

namespace {

constexpr int longest_block = 32; // more, and a v3 device does not answer at all

std::vector<Poll> all_polls(const ModbusModel& model) {
    std::vector<Poll> polls{model.polls.begin(), model.polls.end()};
    if (!model.further_polls) return polls;
    const auto further = model.further_polls(image_of({{32109, max_packs}, {32110, 127}, {32111, 2}}));
    polls.insert(polls.end(), further.begin(), further.end());
    return polls;
}

bool holds(Block block, const Register& row) {
    return block.address <= row.address && row.address + words(row.encoding) <= block.address + block.count;
}

TEST_CASE("models are told apart and found again") {
    std::set<std::string_view> ids;
    std::set<std::string_view> names;
    std::set<std::string> chosen;
    for (const ModbusModel* model : modbus_models()) {
        CAPTURE(std::string{model->id});
        CHECK(ids.insert(model->id).second);
        CHECK(names.insert(model->name).second);
        CHECK(chosen.insert(std::string{model->family} + ' ' + std::string{model->variant}).second);
        CHECK(model_of(model->family, model->variant) == model);
        for (const std::string_view name : model->names) {
            REQUIRE(model_named(name) != nullptr);
            CHECK(model_named(name)->family == model->family);
            CHECK(calls_itself(*model, name));
        }
    }
    CHECK(ids.size() == 6);
    CHECK(model_of("v12", "auto")->variant == "e");
    CHECK(model_of("v3", "auto")->variant == "e3");
    CHECK(model_of("v3", "e") == nullptr);
    CHECK(model_of("auto", "auto") == nullptr);
}

TEST_CASE("what devices call themselves") {
    CHECK(model_named("VNSE3-0")->id == "marstek-venus-e3");
    CHECK(model_named("VNSA-0")->id == "marstek-venus-a");
    CHECK(model_named("VNSD-0")->id == "marstek-venus-d");
    CHECK(model_named("BI_2.5_2.5")->id == "marstek-venus-e");
    CHECK(model_named("AC01")->family == "v12");
    CHECK(model_named("HMG-50")->family == "v12");
    for (const char* const name : {"", "VNS", "VNSEM-0", "vnse3-0", "X VNSE3-0"}) {
        CAPTURE(name);
        CHECK(model_named(name) == nullptr);
    }
}

TEST_CASE("data of a model is complete and plausible") {
    for (const ModbusModel* model : modbus_models()) {
        CAPTURE(std::string{model->id});
        CHECK(model->cells >= 13);
        CHECK(model->nominal_voltage.value == doctest::Approx(3.2 * model->cells));
        CHECK(model->usual_capacity >= 2000_Wh);
        CHECK(model->max_charge > 0_W);
        CHECK(model->max_discharge > 0_W);
        CHECK(model->pace.gap >= 30ms);
        CHECK(model->pace.patience >= 3s);
        CHECK(model->serial.count > 0);
        CHECK((model->refine != nullptr));
        CHECK(is_sorted_without_overlap(model->registers));
    }
}

TEST_CASE("every poll stays within what may be read") {
    for (const ModbusModel* model : modbus_models()) {
        CAPTURE(std::string{model->id});
        std::set<std::uint16_t> firsts;
        for (const Poll& poll : all_polls(*model)) {
            CAPTURE(poll.block.address);
            CHECK(poll.block.count >= 1);
            CHECK(poll.block.count <= longest_block);
            CHECK_FALSE(marstek::reads_forbidden(poll.block));
            CHECK(poll.period >= model->polls.front().period);
            CHECK(firsts.insert(poll.block.address).second);
            const int last = poll.block.address + poll.block.count - 1;
            if (poll.block.address >= 33000 && poll.block.address < 34000) CHECK(last <= 33011);
            if (model->family == "v3") CHECK_FALSE((poll.block.address <= 32303 && last >= 32303));
            if (model->family == "v3") CHECK_FALSE((poll.block.address <= 31102 && last >= 31100));
        }
    }
}

TEST_CASE("the forbidden ranges are met at their edges") {
    using marstek::reads_forbidden;
    CHECK(reads_forbidden({37990, 11}));
    CHECK_FALSE(reads_forbidden({37990, 10}));
    CHECK(reads_forbidden({39014, 1}));
    CHECK_FALSE(reads_forbidden({39015, 1}));
    for (const int address : {40000, 41001, 41500, 41600, 41631, 44100, 45000, 45031, 46000})
        CHECK(reads_forbidden({static_cast<std::uint16_t>(address), 1}));
    for (const int address : {41000, 41100, 41200, 42000, 44003})
        CHECK_FALSE(reads_forbidden({static_cast<std::uint16_t>(address), 1}));
}

TEST_CASE("a v12 device is asked for the blocks that are known to be whole") {
    const std::set<std::pair<int, int>> known{{32100, 6}, {32200, 5}, {32300, 4}, {33000, 12}, {35000, 3},
                                              {35010, 2}, {35100, 1}, {36000, 2}, {36100, 4},  {37004, 5},
                                              {42000, 1}, {35110, 3}, {31101, 2}, {30402, 6}};
    for (const Poll& poll : model_of("v12", "e")->polls) CHECK(known.contains({poll.block.address, poll.block.count}));
}

TEST_CASE("every row of a table is read by a poll, the power by the first") {
    for (const ModbusModel* model : modbus_models()) {
        CAPTURE(std::string{model->id});
        const auto polls = all_polls(*model);
        for (const Register& row : model->registers) {
            CAPTURE(row.address);
            CHECK(std::any_of(polls.begin(), polls.end(), [&](const Poll& poll) { return holds(poll.block, row); }));
        }
        Words words;
        for (int i = 0; i < polls.front().block.count; ++i)
            words[static_cast<std::uint16_t>(polls.front().block.address + i)] = 0;
        CHECK(read_as(*model, words).power == 0_W);
        CHECK_FALSE(read_as(*model, {}).power.has_value());
    }
}

TEST_CASE("asking everything leaves the device two thirds of its time") {
    for (const ModbusModel* model : modbus_models()) {
        CAPTURE(std::string{model->id});
        double busy = 0; // of each second
        for (const Poll& poll : all_polls(*model)) {
            const std::chrono::duration<double> each = model->pace.gap + 65ms; // a direct answer
            busy += each / std::chrono::duration<double>{poll.period};
        }
        CHECK(busy <= 1.0 / 3);
    }
}

TEST_CASE("each family has a capture") {
    std::set<std::string> seen;
    for (const auto& file : std::filesystem::directory_iterator{marstek_captures})
        if (file.path().extension() == ".json")
            seen.insert(nlohmann::json::parse(read_file(file.path())).at("family").get<std::string>());
    for (const ModbusModel* model : modbus_models()) CHECK(seen.contains(std::string{model->family}));
}

} // namespace
