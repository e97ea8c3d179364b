#pragma once

#include "tools/simulator/pdu.hpp"

namespace vbat::sim {

// A request or an answer between two ends of a stream.
struct Frame {
    std::uint16_t transaction{}; // MBAP only
    std::uint8_t unit{};
    Bytes pdu{};
};

std::uint16_t crc16(std::span<const std::uint8_t> bytes);

Bytes encode(Framing framing, const Frame& frame);

enum class Cut { complete, more, broken };

// Takes the first request out of `stream`. broken: the stream cannot be understood any more.
Cut take_request(Framing framing, Bytes& stream, Frame& request);

} // namespace vbat::sim
