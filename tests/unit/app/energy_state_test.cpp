#include "app/energy_state.hpp"
#include "runtime/host.hpp"

#include <doctest/doctest.h>

#include <cstdlib>
#include <fstream>

using namespace vbat;
using namespace std::chrono_literals;

namespace {

class Folder {
public:
    Folder() {
        std::string name = (std::filesystem::temp_directory_path() / "vbat-state-XXXXXX").string();
        REQUIRE(mkdtemp(name.data()) != nullptr);
        path = name;
    }
    ~Folder() { std::filesystem::remove_all(path); }
    Folder(const Folder&) = delete;
    Folder& operator=(const Folder&) = delete;

    std::filesystem::path path;
};

const EnergyBook::Entries some{{"left", {KilowattHours{12.345}, KilowattHours{11.2}}}, {"right", {}}};
const TimePoint noon{12h};

SCENARIO("the energy book over a restart") {
    const Folder folder;
    const auto file = folder.path / "state" / "energy.json";
    WHEN("it was kept") {
        EnergyState{folder.path / "state"}.keep_last(some);
        THEN("it comes back") { CHECK(EnergyState{folder.path / "state"}.restore() == some); }
        THEN("nobody else may read or write it") {
            CHECK((std::filesystem::status(file).permissions() & std::filesystem::perms::all) ==
                  (std::filesystem::perms::owner_read | std::filesystem::perms::owner_write));
        }
    }
    WHEN("there is no file") {
        THEN("the book is empty") { CHECK(EnergyState{folder.path / "state"}.restore().empty()); }
    }
    WHEN("the file is damaged") {
        std::filesystem::create_directories(file.parent_path());
        std::ofstream{file} << "{\"left\": {\"charged_kwh\": -5";
        THEN("it is set aside, and the daemon begins anew") {
            CHECK(EnergyState{folder.path / "state"}.restore().empty());
            CHECK(std::filesystem::exists(file.string() + ".bad"));
            CHECK_FALSE(std::filesystem::exists(file));
        }
    }
}

TEST_CASE("it is written once in ten minutes, and not when nothing changed") {
    const Folder folder;
    const auto file = folder.path / "energy.json";
    auto more = some;
    more["left"].charged = KilowattHours{13};
    {
        EnergyState state{folder.path};
        state.keep(some, noon);
        state.keep(more, noon + 9min);
    }
    CHECK(entries_from_json(read_file(file)) == some);
    {
        EnergyState state{folder.path};
        state.restore();
        state.keep(more, noon);
    }
    CHECK(entries_from_json(read_file(file)) == more);
}

TEST_CASE("a folder that cannot be written costs a line in the log, not the daemon") {
    EnergyState state{"/proc/no-such-folder"};
    state.keep_last(some);
}

TEST_CASE("energies that cannot be") {
    CHECK_THROWS(entries_from_json(R"({"a":{"charged_kwh":-1,"discharged_kwh":0}})"));
    CHECK_THROWS(entries_from_json(R"({"a":{"charged_kwh":1}})"));
    CHECK_THROWS(entries_from_json("[1]"));
}

} // namespace
