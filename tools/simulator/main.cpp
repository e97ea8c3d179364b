#include "tools/simulator/server.hpp"

#include <cstdio>
#include <exception>

namespace {

constexpr int failed = 1;

void print(std::FILE* where, const std::string& text) {
    std::fputs(text.c_str(), where);
    std::fflush(where); // whoever waits for the ready line reads a pipe
}

} // namespace

int main(int argc, char** argv) {
    const auto parsed = vbat::sim::parse_options(argc, argv);
    if (parsed.usage) {
        print(parsed.usage->exit_code == 0 ? stdout : stderr, parsed.usage->text);
        return parsed.usage->exit_code;
    }
    try {
        vbat::sim::Server server{parsed.options};
        print(stdout, server.ready_line() + "\n");
        server.run();
        return 0;
    } catch (const std::exception& error) {
        print(stderr, "simulator: " + std::string{error.what()} + "\n");
        return failed;
    }
}
