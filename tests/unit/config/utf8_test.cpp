#include "config/utf8.hpp"

#include <doctest/doctest.h>

using namespace vbat;

SCENARIO("text is checked to be UTF-8") {
    GIVEN("characters of every length") {
        THEN("they are UTF-8") {
            CHECK(is_utf8(""));
            CHECK(is_utf8("a\xC2\xB0\xE2\x82\xAC\xF0\x9F\x94\x8B"));
            CHECK(code_points("\xF0\x9F\x94\x8B").at(0).value == 0x1F50B);
            CHECK(code_points("\xF4\x8F\xBF\xBF").at(0).value == 0x10FFFF);
        }
    }
    GIVEN("bytes that only look like it") {
        THEN("they are refused") {
            CHECK_FALSE(is_utf8("\x80"));
            CHECK_FALSE(is_utf8("caf\xE9"));          // Latin-1
            CHECK_FALSE(is_utf8("\xC0\xAF"));         // a slash in two bytes
            CHECK_FALSE(is_utf8("\xE0\x80\xAF"));     // a slash in three bytes
            CHECK_FALSE(is_utf8("\xF0\x80\x80\xAF")); // a slash in four bytes
            CHECK_FALSE(is_utf8("\xED\xA0\x80"));     // half of a UTF-16 pair
            CHECK_FALSE(is_utf8("\xF4\x90\x80\x80")); // beyond Unicode
            CHECK_FALSE(is_utf8("\xE2\x82"));         // cut off
            CHECK_FALSE(is_utf8("\xE2\x28\xA1"));     // second byte is none
            CHECK_FALSE(is_utf8("\xF5\x80\x80\x80"));
        }
    }
}

SCENARIO("blanks are what Python strips") {
    GIVEN("text between blanks of several kinds") {
        const std::string text = "\t \xC2\xA0 a b\xE2\x80\x83\xE3\x80\x80 ";
        THEN("they are taken from both ends only") { CHECK(strip(text) == "a b"); }
        THEN("indentation counts characters, not bytes") { CHECK(indentation(text) == 4); }
    }
    GIVEN("nothing but blanks") {
        THEN("nothing is left") {
            CHECK(strip(" \xC2\xA0 ").empty());
            CHECK(strip("").empty());
            CHECK(indentation("  ") == 2);
        }
    }
    GIVEN("text that is not UTF-8") {
        THEN("strip leaves its end alone") { CHECK(strip(" a \xFF ") == "a \xFF "); }
    }
}

SCENARIO("control characters are found") {
    CHECK(find_control("a\tb") == std::nullopt);
    CHECK(find_control("a\x01"
                       "b") == char32_t{1});
    CHECK(find_control("a\x7F") == char32_t{0x7F});
    CHECK(find_control("\xC2\x85") == char32_t{0x85});
    CHECK(find_control(std::string_view{"a\0b", 3}) == char32_t{0});
}

SCENARIO("only the letters A to Z have a lower case here") {
    CHECK(lower("Broker_PORT \xC3\x84") == "broker_port \xC3\x84");
}
