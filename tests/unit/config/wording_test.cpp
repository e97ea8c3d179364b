#include "config/wording.hpp"

#include <doctest/doctest.h>

using namespace vbat;

SCENARIO("text from the file is shown on one line") {
    GIVEN("a text with line ends and tabs") {
        THEN("they are replaced") { CHECK(in_quotes("a\nb\tc") == "'a?b?c'"); }
    }
    GIVEN("a long text") {
        THEN("it is cut between two characters") {
            CHECK(plain(std::string(80, 'x')) == std::string(80, 'x'));
            CHECK(plain(std::string(81, 'x')) == std::string(80, 'x') + "...");
            CHECK(plain(std::string(79, 'x') + "\xC3\xA4") == std::string(79, 'x') + "...");
        }
    }
}

SCENARIO("what may be a password is recognised") {
    CHECK(is_secret("password"));
    CHECK(is_secret("Pasword = x"));
    CHECK(is_secret("mqtt_pw"));
    CHECK_FALSE(is_secret("password_file"));
    CHECK_FALSE(is_secret("tls_path_to_key"));
    CHECK_FALSE(is_secret("capacity_wh"));
}

SCENARIO("a mistyped word is recognised") {
    const std::vector<std::string> keys{"broker_address", "broker_port", "topic", "soc"};
    GIVEN("a word with a wrong, a missing, an extra or a swapped letter") {
        THEN("the nearest candidate is meant") {
            CHECK(closest("brocker_adress", keys) == "broker_address");
            CHECK(closest("tpoic", keys) == "topic");
            CHECK(closest("sc", keys) == "soc");
            CHECK(closest("Topics", keys) == "topic");
        }
    }
    GIVEN("the last part of a key") {
        THEN("the whole key is meant") { CHECK(closest("port", keys) == "broker_port"); }
    }
    GIVEN("a word that is like none of them") {
        THEN("nothing is suggested") {
            CHECK(closest("wallpaper", keys) == std::nullopt);
            CHECK(closest("", keys) == std::nullopt);
            CHECK(did_you_mean("wallpaper", keys).empty());
        }
    }
    GIVEN("a suggestion") {
        THEN("it is put as a question") { CHECK(did_you_mean("topik", keys) == ", did you mean topic?"); }
    }
}
