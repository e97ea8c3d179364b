#include "tools/simulator/frames.hpp"

#include <algorithm>

namespace vbat::sim {
namespace {

constexpr std::size_t header = 7; // of MBAP, with the unit
constexpr std::size_t longest_pdu = 253;
constexpr std::size_t crc_bytes = 2;

std::uint16_t word_at(const Bytes& bytes, std::size_t at) {
    return static_cast<std::uint16_t>(bytes[at] << 8 | bytes[at + 1]);
}

void append(Bytes& bytes, std::size_t word) {
    bytes.push_back(static_cast<std::uint8_t>(word >> 8));
    bytes.push_back(static_cast<std::uint8_t>(word & 0xFF));
}

void drop(Bytes& stream, std::size_t bytes) {
    stream.erase(stream.begin(), stream.begin() + static_cast<std::ptrdiff_t>(bytes));
}

Bytes slice(const Bytes& stream, std::size_t from, std::size_t to) {
    return {stream.begin() + static_cast<std::ptrdiff_t>(from), stream.begin() + static_cast<std::ptrdiff_t>(to)};
}

Cut take_mbap(Bytes& stream, Frame& request) {
    if (stream.size() < header) return Cut::more;
    const std::size_t length = word_at(stream, 4); // unit and PDU
    if (word_at(stream, 2) != 0 || length < 2 || length > longest_pdu + 1) return Cut::broken;
    const std::size_t end = header - 1 + length;
    if (stream.size() < end) return Cut::more;
    request = {word_at(stream, 0), stream[header - 1], slice(stream, header, end)};
    drop(stream, end);
    return Cut::complete;
}

// RTU has no length: it follows from the function, or from where the checksum fits.
std::size_t rtu_length(const Bytes& stream) {
    const std::uint8_t function = stream[1];
    if (function == 0x10) return stream.size() < 7 ? 7 : 7 + std::size_t{stream[6]} + crc_bytes;
    if (function >= 0x01 && function <= 0x06) return 8;
    return stream.size();
}

Cut take_rtu(Bytes& stream, Frame& request) {
    if (stream.size() < 4) return Cut::more;
    const std::size_t end = rtu_length(stream);
    if (end > longest_pdu + 3) return Cut::broken;
    if (stream.size() < end || end == 7) return Cut::more;
    if (crc16(slice(stream, 0, end)) != 0) return Cut::broken;
    request = {0, stream[0], slice(stream, 1, end - crc_bytes)};
    drop(stream, end);
    return Cut::complete;
}

} // namespace

std::uint16_t crc16(std::span<const std::uint8_t> bytes) {
    std::uint16_t crc = 0xFFFF;
    for (const std::uint8_t byte : bytes) {
        crc = static_cast<std::uint16_t>(crc ^ byte);
        for (int bit = 0; bit < 8; ++bit)
            crc = static_cast<std::uint16_t>((crc & 1) != 0 ? (crc >> 1) ^ 0xA001 : crc >> 1);
    }
    return crc;
}

Bytes encode(Framing framing, const Frame& frame) {
    Bytes bytes;
    if (framing == Framing::tcp) {
        append(bytes, frame.transaction);
        append(bytes, 0);
        append(bytes, frame.pdu.size() + 1);
    }
    bytes.push_back(frame.unit);
    bytes.insert(bytes.end(), frame.pdu.begin(), frame.pdu.end());
    if (framing == Framing::tcp) return bytes;
    const std::uint16_t crc = crc16(bytes);
    bytes.push_back(static_cast<std::uint8_t>(crc & 0xFF)); // low byte first
    bytes.push_back(static_cast<std::uint8_t>(crc >> 8));
    return bytes;
}

Cut take_request(Framing framing, Bytes& stream, Frame& request) {
    return framing == Framing::tcp ? take_mbap(stream, request) : take_rtu(stream, request);
}

} // namespace vbat::sim
