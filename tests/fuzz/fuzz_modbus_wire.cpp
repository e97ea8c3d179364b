// Any bytes as the answer to a request, in both framings: a ModbusError, or as many words as were asked for.
#include "link/libmodbus_wire.hpp"

#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <csignal>
#include <cstdlib>
#include <span>
#include <thread>

namespace {

using namespace vbat;

// Two bytes of the input say what is asked.
struct Plan {
    Framing framing{};
    bool right_crc{}; // appended: hardly a mutation hits it
    bool is_write{};
    std::uint16_t operand{};
};

Plan plan_of(std::uint8_t kind, std::uint8_t operand) {
    return {.framing = (kind & 1U) != 0 ? Framing::rtu_over_tcp : Framing::tcp,
            .right_crc = (kind & 2U) != 0,
            .is_write = (kind & 4U) != 0,
            .operand = operand};
}

std::vector<std::uint8_t> with_crc(std::vector<std::uint8_t> frame) {
    unsigned crc = 0xFFFF;
    for (const std::uint8_t byte : frame) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U;
    }
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
    return frame;
}

// Waits for the request, answers, and hangs up: nobody ever waits in vain.
void answer(int fd, Framing framing, const std::vector<std::uint8_t>& bytes) {
    std::array<std::uint8_t, 12> request{};
    const std::size_t size = framing == Framing::tcp ? request.size() : 8;
    if (recv(fd, request.data(), size, MSG_WAITALL) == static_cast<ssize_t>(size))
        send(fd, bytes.data(), bytes.size(), MSG_NOSIGNAL);
    shutdown(fd, SHUT_WR);
}

void ask(LibmodbusWire& wire, const Plan& plan) try {
    constexpr std::chrono::seconds patience{5};
    if (plan.is_write) return wire.write(1, 42000, plan.operand, patience);
    if (wire.read(1, {.address = 30006, .count = plan.operand}, patience).size() != plan.operand) std::abort();
} catch (const ModbusError&) { // that is an answer, too
}

} // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
    if (size < 2) return 0;
    std::signal(SIGPIPE, SIG_IGN);
    const Plan plan = plan_of(data[0], data[1]);
    const auto input = std::span{data, size}.subspan(2);
    std::vector<std::uint8_t> bytes{input.begin(), input.end()};
    if (plan.right_crc) bytes = with_crc(std::move(bytes));
    std::array<int, 2> ends{};
    if (socketpair(AF_UNIX, SOCK_STREAM, 0, ends.data()) != 0) std::abort();
    {
        const std::jthread peer{[&] { answer(ends[1], plan.framing, bytes); }};
        LibmodbusWire wire{{.framing = plan.framing, .host = "192.0.2.1", .port = 502, .serial = ""}};
        wire.adopt(ends[0]);
        ask(wire, plan);
    }
    close(ends[1]);
    return 0;
}
