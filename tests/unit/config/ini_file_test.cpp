#include "config_testing.hpp"

using namespace vbat;
using namespace vbat::testing;

SCENARIO("keys and values are read as configparser reads them") {
    GIVEN("both delimiters") {
        THEN("the first one in the line counts") {
            CHECK(value_of("[MQTT]\ntopic = a:b=c\n", "topic") == "a:b=c");
            CHECK(value_of("[MQTT]\ntopic : a=b\n", "topic") == "a=b");
            CHECK(value_of("[MQTT]\ntopic:\n", "topic").empty());
        }
    }
    GIVEN("a key in capital letters") {
        THEN("case makes no difference") { CHECK(value_of("[MQTT]\nToPiC = A\n", "topic") == "A"); }
    }
    GIVEN("section names that differ in case") {
        THEN("they are two sections") {
            CHECK(value_of("[mqtt]\ntopic = a\n[MQTT]\ntopic = b\n", "topic", "mqtt") == "a");
            CHECK(value_of("[mqtt]\ntopic = a\n[MQTT]\ntopic = b\n", "topic", "MQTT") == "b");
        }
    }
    GIVEN("comment signs inside a line") {
        THEN("they belong to the value, also those that inih would cut") {
            CHECK(value_of("[MQTT]\npassword = ab ;cd #ef\n", "password") == "ab ;cd #ef");
            CHECK(value_of("[MQTT]\npassword = ;cd\n", "password") == ";cd");
            CHECK(value_of("[MQTT]\na ;b = 1\n", "a ;b") == "1");
        }
    }
    GIVEN("brackets in unusual places") {
        THEN("only a line that starts with a complete pair is a section") {
            CHECK(value_of("[MQTT]\nhost = [::1]\n", "host") == "[::1]");
            CHECK(value_of("[MQTT]\n[a = 1\n", "[a") == "1");
            CHECK(value_of("[MQTT]\n[] = 1\n", "[]") == "1");
            CHECK(value_of("[a]b] behind it\nx = 1\n", "x", "a]b") == "1");
            CHECK(value_of("[ MQTT ]\nx = 1\n", "x", " MQTT ") == "1");
        }
    }
    GIVEN("comments and blank lines between the keys") {
        THEN("they are skipped") {
            CHECK(value_of("# a\n  ; b\n[MQTT]\n\n   # c\ntopic = a\n;topic = b\n", "topic") == "a");
        }
    }
    GIVEN("DEFAULT opened twice") {
        THEN("both parts count") {
            CHECK(value_of("[DEFAULT]\na=1\n[MQTT]\n[DEFAULT]\nb=2\n", "a") == "1");
            CHECK(value_of("[DEFAULT]\na=1\n[MQTT]\n[DEFAULT]\nb=2\n", "b") == "2");
        }
    }
}

SCENARIO("an indented line continues the value above") {
    GIVEN("lines that are indented deeper than their key") {
        THEN("they are joined by line ends, without comments and trailing blank lines") {
            CHECK(value_of("[MQTT]\ntopic = a\n b\n\tc\n", "topic") == "a\nb\nc");
            CHECK(value_of("[MQTT]\ntopic = a\n # no\n b\n", "topic") == "a\nb");
            CHECK(value_of("[MQTT]\ntopic =\n b\n", "topic") == "\nb");
            CHECK(value_of("[MQTT]\ntopic = a\n\n  \n b\n\n\n", "topic") == "a\n\n\nb");
            CHECK(value_of("[MQTT]\ntopic = a\n [x]\n y = 1 ;2\n", "topic") == "a\n[x]\ny = 1 ;2");
        }
    }
    GIVEN("keys that are indented themselves") {
        THEN("only deeper lines continue them") {
            CHECK(value_of("[MQTT]\n  a = 1\n  b = 2\n   c = 3\n d = 4\n", "a") == "1");
            CHECK(value_of("[MQTT]\n  a = 1\n  b = 2\n   c = 3\n d = 4\n", "b") == "2\nc = 3");
            CHECK(value_of("[MQTT]\n  a = 1\n  b = 2\n   c = 3\n d = 4\n", "d") == "4");
        }
    }
    GIVEN("an indented line below a section") {
        THEN("it is a key") { CHECK(value_of("[MQTT]\n   topic = a\n", "topic") == "a"); }
    }
    GIVEN("a key longer than inih remembers") {
        const std::string key(60, 'k');
        THEN("its value continues all the same") { CHECK(value_of("[MQTT]\n" + key + " = a\n b\n", key) == "a\nb"); }
    }
}

SCENARIO("files of all editors are read") {
    GIVEN("line ends of Windows and a byte order mark") {
        THEN("both are ignored") {
            CHECK(value_of("\xEF\xBB\xBF[MQTT]\r\ntopic = a\r\n\r\n b\r\n", "topic") == "a\n\nb");
        }
    }
    GIVEN("a last line without an end") {
        THEN("it counts") { CHECK(value_of("[MQTT]\ntopic = a", "topic") == "a"); }
    }
    GIVEN("no-break spaces from a web page") {
        THEN("they are blanks") {
            CHECK(value_of("[MQTT]\n\xC2\xA0topic\xC2\xA0=\xC2\xA0"
                           "a b\xC2\xA0\n",
                           "topic") == "a b");
        }
    }
    GIVEN("text beyond ASCII") {
        THEN("it is kept") {
            CHECK(value_of("[MQTT]\ntopic = K\xC3\xBC"
                           "che\n",
                           "topic") == "K\xC3\xBC"
                                       "che");
        }
    }
    GIVEN("an empty file") {
        THEN("it has no sections and no mistakes") {
            CHECK(ini_problems_in("").empty());
            CHECK(ini_problems_in("\n\n; nothing\n").empty());
        }
    }
    GIVEN("the line numbers of values") {
        Mistakes mistakes;
        const IniFile file = read_ini("\n[MQTT]\r\n\n; comment\na = 1\n 2\n\nb = 3\n", mistakes);
        THEN("every value knows where it starts") {
            CHECK(file.sections[0].line == 2);
            CHECK(file.sections[0].values.at("a").line == 5);
            CHECK(file.sections[0].values.at("b").line == 8);
        }
    }
}

SCENARIO("every mistake of a file is found at once") {
    GIVEN("lines that cannot be read") {
        THEN("each is named with its line") {
            CHECK(ini_problems_in("; x\na = 1\nb = 2\n[MQTT]\nc\n[MQTT\n= 1\n") ==
                  "line 2: stands before the first [section]\n"
                  "line 5: [MQTT] 'c' is neither a [section] nor 'key = value'\n"
                  "line 6: '[MQTT' is not a complete [section]\n"
                  "line 7: no key before the '=' or ':'");
            CHECK(ini_problems_in("[]\n") == "line 1: stands before the first [section]");
            CHECK(ini_problems_in("[A]\n[]\n") == "line 2: '[]' is not a complete [section]");
        }
    }
    GIVEN("duplicates") {
        THEN("both lines are named") {
            CHECK(ini_problems_in("[A]\nx = 1\nX = 2\n[B]\nx = 1\n[A]\nx = 3\n") ==
                  "line 3: [A] x was already set in line 2\n"
                  "line 6: [A] was already opened in line 1\n"
                  "line 7: [A] x was already set in line 2");
            CHECK(ini_problems_in("[DEFAULT]\nx = 1\n[DEFAULT]\nx = 2\n") ==
                  "line 4: [DEFAULT] x was already set in line 2");
        }
    }
    GIVEN("lines longer than inih can take") {
        const std::string longest = "topic = " + std::string(191, 'x');
        THEN("the limit is named, and only there") {
            CHECK(ini_problems_in("[MQTT]\n" + longest + "\n").empty());
            CHECK(value_of("[MQTT]\n" + longest + "\n", "topic").size() == 191);
            CHECK(ini_problems_in("[MQTT]\n" + longest + "x\nb = 1\n") ==
                  "line 2: longer than 199 bytes; only comments may be longer");
            CHECK(ini_problems_in("[MQTT]\n; " + longest + longest + "\n").empty());
            CHECK(ini_problems_in("[MQTT]\n" + std::string(500, ' ') + longest + std::string(500, ' ') + "\n").empty());
            CHECK(ini_problems_in("[" + std::string(300, 'x') + "]\n") ==
                  "line 1: longer than 199 bytes; only comments may be longer");
            CHECK(ini_problems_in("[A]\nx=1\n " + std::string(199, 'x') + "\n") ==
                  "line 3: longer than 199 bytes; only comments may be longer");
        }
    }
    GIVEN("bytes that are no text") {
        THEN("they are named") {
            CHECK(ini_problems_in(std::string{"[MQTT]\na\0b = 1\nc = 2\n", 20}) ==
                  "line 2: contains the control character 0x00");
            CHECK(ini_problems_in("[MQTT]\na = 1\x1B[31m\n") == "line 2: contains the control character 0x1b");
            CHECK(ini_problems_in("[MQTT]\na = 1\rb = 2\n") == "line 2: contains the control character 0x0d");
            CHECK(ini_problems_in("[MQTT]\na = \x01\x02\x03\n") == "line 2: contains the control character 0x01");
            CHECK(ini_problems_in("[MQTT]\na = caf\xE9\n; \xE9\n") == "line 2: not UTF-8 text; save the file as UTF-8\n"
                                                                      "line 3: not UTF-8 text; save the file as UTF-8");
            CHECK(ini_problems_in("\xFF\xFE[") == "line 1: the file is UTF-16 text; save it as UTF-8");
            CHECK(ini_problems_in("\xFE\xFF") == "line 1: the file is UTF-16 text; save it as UTF-8");
        }
    }
    GIVEN("a line that cannot be read, continued by others") {
        THEN("the others are not blamed") {
            CHECK(ini_problems_in("[A]\na = \x01\n  b\n  c\nd = 1\n") == "line 2: contains the control character 0x01");
            CHECK(ini_problems_in("[A]\nx = 1\nx = 2\n  b\n") == "line 3: [A] x was already set in line 2");
            CHECK(ini_problems_in("[A]\n = 2\n  b\n") == "line 2: [A] no key before the '=' or ':'");
        }
    }
}
