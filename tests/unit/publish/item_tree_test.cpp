#include "publish/item_tree.hpp"
#include "tests/support/printing.hpp"

using namespace vbat;

namespace {

std::vector<std::string> paths(const std::vector<const ItemTree::Item*>& items) {
    std::vector<std::string> all;
    for (const auto* item : items) all.push_back(item->path);
    return all;
}

TEST_CASE("the text of a value") {
    CHECK(text_of(52.704, {2, "V"}) == "52.70V");
    CHECK(text_of(-321.6, {0, "W"}) == "-322W");
    CHECK(text_of(-0.04, {1, "A"}) == "0.0A");
    CHECK(text_of(1e300, {0, ""}).size() == 301);
    CHECK(text_of(std::int32_t{2}, {}) == "2");
    CHECK(text_of(std::int32_t{0xFFFF}, {.hexadecimal = true}) == "0xFFFF");
    CHECK(text_of(std::string{"Float"}, {}) == "Float");
    CHECK(text_of({}, {2, "V"}) == "---");
}

SCENARIO("only what changed is told, once") {
    ItemTree tree;
    const auto soc = tree.add("/Soc", 50.0);
    const auto power = tree.add("/Dc/0/Power", {});
    CHECK(paths(tree.take_changes()) == std::vector<std::string>{"/Soc", "/Dc/0/Power"});
    WHEN("a value is set to what it was") {
        tree.set(soc, 50.0);
        THEN("nothing changed") { CHECK_FALSE(tree.has_changes()); }
    }
    WHEN("a value is set twice") {
        tree.set(power, 100.0);
        tree.set(power, 200.0);
        const auto changes = tree.take_changes();
        THEN("the last one is told") {
            REQUIRE(changes.size() == 1);
            CHECK(changes[0]->value == Value{200.0});
        }
        THEN("and only once") { CHECK(tree.take_changes().empty()); }
    }
    WHEN("a path appears later") {
        tree.add("/Soh", 98.0);
        THEN("it is a change") { CHECK(paths(tree.take_changes()) == std::vector<std::string>{"/Soh"}); }
    }
    WHEN("a path is added again") {
        THEN("that is a mistake in the program") { CHECK_THROWS(tree.add("/Soc", 1.0)); }
    }
}

TEST_CASE("what stands below a node") {
    ItemTree tree;
    tree.add("/Dc/0/Power", 1.0);
    tree.add("/Dc/0/Voltage", 1.0);
    tree.add("/Dc0", 1.0);
    CHECK(paths(tree.below("/Dc")) == std::vector<std::string>{"/Dc/0/Power", "/Dc/0/Voltage"});
    CHECK(tree.below("/").size() == 3);
    CHECK(tree.below("/Nothing").empty());
}

SCENARIO("a client writes") {
    ItemTree tree;
    int asked = 0;
    tree.add("/Soc", 50.0);
    tree.add("/CustomName", "old", {}, [&](const Value&) {
        ++asked;
        return SetResult::refused;
    });
    CHECK(tree.write("/Soc", 60.0) == SetResult::not_writable);
    CHECK(tree.write("/Nothing", 60.0) == SetResult::not_writable);
    CHECK(tree.write("/CustomName", "new") == SetResult::refused);
    CHECK(asked == 1);
    THEN("what it is already is taken without asking") {
        CHECK(tree.write("/CustomName", "old") == SetResult::taken);
        CHECK(asked == 1);
    }
    THEN("a refused value is not stored") { CHECK(tree.find("/CustomName")->value == Value{"old"}); }
}

} // namespace
