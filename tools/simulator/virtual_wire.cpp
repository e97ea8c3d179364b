#include "tools/simulator/virtual_wire.hpp"

#include <algorithm>

namespace vbat::sim {
namespace {

using namespace std::chrono_literals;

constexpr auto connect_time = 2ms;
constexpr auto glance = 100ms; // at most, between two looks at the line
constexpr std::size_t mbap_header = 7;

std::uint8_t high(int word) { return static_cast<std::uint8_t>(word >> 8); }
std::uint8_t low(int word) { return static_cast<std::uint8_t>(word & 0xFF); }

// Bytes of the whole answer as far as `stream` tells; an exception is short whatever its header says.
std::optional<std::size_t> answer_length(const Bytes& stream, Framing framing) {
    const std::size_t before = framing == Framing::tcp ? mbap_header : 1;
    const std::size_t after = framing == Framing::tcp ? 0 : 2;
    if (stream.size() < before + 2) return std::nullopt;
    const std::uint8_t function = stream[before];
    if ((function & 0x80) != 0) return before + 2 + after;
    if (function == 0x03) return before + 2 + stream[before + 1] + after;
    return before + 5 + after;
}

} // namespace

VirtualWire::VirtualWire(Simulation& simulation, std::string_view port)
    : simulation_{simulation}, line_{simulation.line(port)} {}

VirtualWire::~VirtualWire() { VirtualWire::disconnect(); }

void VirtualWire::fail(ModbusFault fault, const std::string& what, const std::string& why, int exception) const {
    throw ModbusError{fault, line_.name() + " " + what + ": " + why, exception};
}

void VirtualWire::connect() {
    disconnect();
    simulation_.run_until(now() + connect_time);
    connected_ = line_.connect(*this, now());
    if (!connected_) fail(ModbusFault::disconnected, "connect", "refused");
}

void VirtualWire::disconnect() {
    line_.leave(*this, now());
    connected_ = false;
    received_.clear();
}

bool VirtualWire::wait(TimePoint deadline) {
    if (!connected_ || now() >= deadline) return false;
    const TimePoint due = std::max(now(), simulation_.next_due().value_or(deadline));
    simulation_.run_until(std::min({deadline, due, now() + glance}));
    return true;
}

std::vector<std::uint16_t> VirtualWire::read(int unit, Block block, Duration patience) {
    const std::string what =
        "unit " + std::to_string(unit) + ": read " + std::to_string(block.address) + "+" + std::to_string(block.count);
    const Bytes pdu =
        ask(unit, {0x03, high(block.address), low(block.address), high(block.count), low(block.count)}, what, patience);
    if (pdu.size() != 2U + 2U * block.count)
        fail(ModbusFault::garbled, what, std::to_string(pdu.size()) + " bytes came");
    std::vector<std::uint16_t> words;
    for (std::size_t i = 2; i < pdu.size(); i += 2)
        words.push_back(static_cast<std::uint16_t>(pdu[i] << 8 | pdu[i + 1]));
    return words;
}

void VirtualWire::write(int unit, std::uint16_t address, std::uint16_t value, Duration patience) {
    const std::string what =
        "unit " + std::to_string(unit) + ": write " + std::to_string(value) + " to " + std::to_string(address);
    const Bytes pdu{0x06, high(address), low(address), high(value), low(value)};
    if (ask(unit, pdu, what, patience) != pdu) fail(ModbusFault::garbled, what, "the echo is another");
}

Bytes VirtualWire::ask(int unit, const Bytes& pdu, const std::string& what, Duration patience) {
    if (!connected_) fail(ModbusFault::disconnected, what, "not connected");
    Frame asked{++transaction_, static_cast<std::uint8_t>(unit), pdu};
    line_.receive(*this, encode(line_.framing(), asked), now());
    return await_answer(asked, what, now() + patience);
}

Bytes VirtualWire::await_answer(Frame& asked, const std::string& what, TimePoint deadline) {
    while (true) {
        const auto length = answer_length(received_, line_.framing());
        if (length && received_.size() >= *length) {
            const auto end = received_.begin() + static_cast<std::ptrdiff_t>(*length);
            const Bytes frame{received_.begin(), end};
            received_.erase(received_.begin(), end);
            return checked(frame, asked, what);
        }
        if (wait(deadline)) continue;
        received_.clear(); // the half of a frame was read by somebody, and given up
        if (!connected_) fail(ModbusFault::disconnected, what, "closed by the other side");
        fail(ModbusFault::timed_out, what, "timed out");
    }
}

Bytes VirtualWire::checked(const Bytes& frame, const Frame& asked, const std::string& what) const {
    const bool mbap = line_.framing() == Framing::tcp;
    if (mbap && (frame[0] << 8 | frame[1]) != asked.transaction)
        fail(ModbusFault::garbled, what, "the answer to another request");
    if (!mbap && crc16(frame) != 0) fail(ModbusFault::garbled, what, "checksum");
    const std::size_t before = mbap ? mbap_header : 1;
    if (frame[before - 1] != asked.unit)
        fail(ModbusFault::garbled, what, "answered by unit " + std::to_string(frame[before - 1]));
    const auto body = frame.begin() + static_cast<std::ptrdiff_t>(before);
    Bytes pdu{body, frame.end() - (mbap ? 0 : 2)};
    if ((pdu[0] & 0x7F) != asked.pdu[0]) fail(ModbusFault::garbled, what, "function " + std::to_string(pdu[0]));
    if ((pdu[0] & 0x80) != 0) fail(ModbusFault::refused, what, "exception " + std::to_string(pdu[1]), pdu[1]);
    return pdu;
}

void VirtualWire::discard_until_quiet(Duration quiet, Duration at_most) {
    const TimePoint end = now() + at_most;
    TimePoint silent_until = std::min(end, now() + quiet);
    received_.clear();
    while (wait(silent_until)) {
        if (received_.empty()) continue;
        received_.clear();
        silent_until = std::min(end, now() + quiet);
    }
}

} // namespace vbat::sim
