#include "config_testing.hpp"

using namespace vbat;
using namespace vbat::testing;

namespace {

std::string mistake_in(const std::string& content, const std::string& key) {
    try {
        return "no mistake: " + value_of(content, key);
    } catch (const InterpolationError& error) {
        return error.what();
    }
}

// k0 refers to k1, k1 to k2, ... and the last one is `last`.
std::string chain(int length, const std::string& last) {
    std::string content = "[MQTT]\n";
    for (int i = 0; i < length; ++i) content += "k" + std::to_string(i) + " = %(k" + std::to_string(i + 1) + ")s\n";
    return content + "k" + std::to_string(length) + " = " + last + "\n";
}

// Ten levels, each of which mentions the next one many times.
std::string bomb(const std::string& last) {
    std::string content = "[MQTT]\n";
    for (char key = 'a'; key < 'j'; ++key) {
        content += key;
        content += " = ";
        for (int i = 0; i < 30; ++i) content += std::string{"%("} + static_cast<char>(key + 1) + ")s";
        content += "\n";
    }
    return content + "j = " + last + "\n";
}

} // namespace

SCENARIO("references are replaced as in configparser") {
    GIVEN("references to the same section and to DEFAULT") {
        const std::string content = "[DEFAULT]\nbase = home\nroom = hall\ntopic = %(base)s/%(room)s\n"
                                    "[MQTT]\nroom = cellar\nfull = %(Base)s/%(ROOM)s\n";
        THEN("the section wins, and case makes no difference") {
            CHECK(value_of(content, "full") == "home/cellar");
            CHECK(value_of(content, "topic") == "home/cellar");
        }
    }
    GIVEN("doubled percent signs") {
        THEN("they are one percent sign, also behind a reference") {
            CHECK(value_of("[MQTT]\na = 100%%\n", "a") == "100%");
            CHECK(value_of("[MQTT]\na = %%(b)s\n", "a") == "%(b)s");
            CHECK(value_of("[MQTT]\na = %(b)s\nb = 5%%\n", "a") == "5%");
            CHECK(value_of("[MQTT]\na = %%%%\n", "a") == "%%");
        }
    }
    GIVEN("any other percent sign") {
        THEN("the mistake says how to write it") {
            for (const std::string wrong : {"50%", "%x", "%s", "%(", "%()s", "%(b", "%(b)", "%(b)d", "%%%", "%(b)s%"})
                CHECK(mistake_in("[MQTT]\na = " + wrong + "\nb = 1\n", "a") == "'%' must be written '%%'");
        }
    }
    GIVEN("a reference to nothing") {
        THEN("it is named, except in a password") {
            CHECK(mistake_in("[MQTT]\na = x%(Nothing)s\n", "a") == "%(nothing)s refers to a key that does not exist");
            CHECK(mistake_in("[MQTT]\npassword = x%(secret)s\n", "password") == "'%' must be written '%%'");
            CHECK(mistake_in("[MQTT]\ntopic = %(password)s\npassword = x%(secret)s\n", "topic") ==
                  "'%' must be written '%%'");
        }
    }
}

SCENARIO("references cannot run away") {
    GIVEN("a chain of references") {
        THEN("ten levels are allowed, like in configparser") {
            CHECK(value_of(chain(10, "end"), "k0") == "end");
            CHECK(mistake_in(chain(11, "end"), "k0") == "references go more than 10 levels deep");
            CHECK(mistake_in(chain(10, "%%"), "k0") == "references go more than 10 levels deep");
        }
    }
    GIVEN("a key that refers to itself") {
        THEN("it ends") { CHECK(mistake_in("[MQTT]\na = %(a)s\n", "a") == "references go more than 10 levels deep"); }
    }
    GIVEN("references that multiply") {
        THEN("they end as well, even if nothing comes out") {
            CHECK(mistake_in(bomb("x"), "a") == "references make it longer than 100000 bytes");
            CHECK(mistake_in(bomb(""), "a") == "references make it longer than 100000 bytes");
        }
    }
}

SCENARIO("it is known where a password went") {
    Mistakes mistakes;
    UsedValues used;
    const IniFile file =
        read_ini("[MQTT]\npassword = x\na = %(password)s\nb = 1\nc = %(b)s\npassword_file = f\n", mistakes);
    const IniSection& section = file.sections[0];
    CHECK(Interpolation{file, section, "password", used}.contains_secret());
    CHECK(Interpolation{file, section, "a", used}.contains_secret());
    CHECK_FALSE(Interpolation{file, section, "c", used}.contains_secret());
    CHECK_FALSE(Interpolation{file, section, "password_file", used}.contains_secret());
    CHECK(used.contains(&section.values.at("b")));
    CHECK_FALSE(used.contains(&section.values.at("c")));
}
