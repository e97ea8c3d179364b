#include "link/libmodbus_wire.hpp"

#include "link/tcp_connect.hpp"
#include "runtime/text.hpp"

#include <fcntl.h>
#include <modbus.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <system_error>

namespace vbat {

using namespace std::chrono_literals;

namespace {

constexpr auto connect_patience = 8s;
// What lies in the receive buffer before a request is there already: this only bounds a peer that never stops talking.
constexpr auto longest_clearing = 100ms;
// No stop from outside reaches libmodbus while it reads a serial line, so it gets only the time a begun frame needs.
constexpr auto serial_frame_patience = 500ms;
constexpr int baud_rate = 115200;

constexpr std::uint8_t read_holding_registers = 3;
constexpr std::uint8_t write_single_register = 6;
constexpr std::uint8_t exception_flag = 0x80;
constexpr std::size_t mbap_length = 6; // transaction, protocol, length; the unit follows
constexpr std::size_t crc_length = 2;

constexpr std::uint8_t high(std::uint16_t word) { return static_cast<std::uint8_t>(word >> 8U); }
constexpr std::uint8_t low(std::uint16_t word) { return static_cast<std::uint8_t>(word & 0xFFU); }
constexpr std::uint16_t word(std::uint8_t high, std::uint8_t low) {
    return static_cast<std::uint16_t>((high << 8U) | low);
}

modbus_t* new_context(const ModbusAddress& address) {
    switch (address.framing) {
    case Framing::tcp:
        return modbus_new_tcp("127.0.0.1", address.port); // a placeholder: the socket is ours
    case Framing::rtu_over_tcp:
        return modbus_new_rtu("/dev/null", baud_rate, 'N', 8, 1); // likewise
    case Framing::rtu:
        break;
    }
    return modbus_new_rtu(address.serial.c_str(), baud_rate, 'N', 8, 1);
}

} // namespace

struct LibmodbusWire::Question {
    int unit{};
    std::uint8_t function{};
    std::uint16_t address{};
    std::uint16_t operand{}; // count or value
    std::string name{};      // "unit 1: read 30006+1"
};

LibmodbusWire::LibmodbusWire(ModbusAddress address)
    : address_{std::move(address)}, where_{to_string(address_)}, context_{new_context(address_), modbus_free} {
    if (!context_) throw std::system_error{errno, std::generic_category(), where_};
    modbus_set_byte_timeout(context_.get(), 0, 0); // the time for a frame is not begun anew with each of its bytes
}

LibmodbusWire::~LibmodbusWire() { disconnect(); }

void LibmodbusWire::connect() {
    disconnect();
    if (address_.framing == Framing::rtu) return open_serial();
    try {
        adopt(tcp_connect(address_.host, address_.port, connect_patience, closed_));
    } catch (const std::runtime_error& error) {
        fail(ModbusFault::disconnected, "", error.what());
    }
}

void LibmodbusWire::adopt(int socket) {
    disconnect();
    fcntl(socket, F_SETFL, fcntl(socket, F_GETFL) | O_NONBLOCK);
    modbus_set_socket(context_.get(), socket);
    const std::lock_guard lock{fd_mutex_};
    fd_ = socket;
}

void LibmodbusWire::open_serial() {
    if (modbus_connect(context_.get()) == -1) fail_with_errno("", errno);
    const std::lock_guard lock{fd_mutex_};
    fd_ = modbus_get_socket(context_.get());
}

void LibmodbusWire::disconnect() {
    const std::lock_guard lock{fd_mutex_};
    if (fd_ == -1) return;
    modbus_close(context_.get());
    modbus_set_socket(context_.get(), -1);
    fd_ = -1;
}

void LibmodbusWire::close_from_outside() {
    closed_.raise();
    const std::lock_guard lock{fd_mutex_};
    if (fd_ != -1) ::shutdown(fd_, SHUT_RDWR); // libmodbus may wait for the rest of a frame; not on a serial line
}

std::vector<std::uint16_t> LibmodbusWire::read(int unit, Block block, Duration patience) {
    const auto data = exchange({.unit = unit,
                                .function = read_holding_registers,
                                .address = block.address,
                                .operand = block.count,
                                .name = text("unit ", unit, ": read ", block.address, '+', block.count)},
                               patience);
    std::vector<std::uint16_t> values;
    values.reserve(block.count);
    for (std::size_t i = 1; i < data.size(); i += 2) values.push_back(word(data[i], data[i + 1]));
    return values;
}

void LibmodbusWire::write(int unit, std::uint16_t address, std::uint16_t value, Duration patience) {
    exchange({.unit = unit,
              .function = write_single_register,
              .address = address,
              .operand = value,
              .name = text("unit ", unit, ": write ", address, " = ", value)},
             patience);
}

// The answer behind its function code.
std::vector<std::uint8_t> LibmodbusWire::exchange(const Question& question, Duration patience) {
    const TimePoint deadline = now() + patience;
    discard(question.name, 0s, longest_clearing);
    send(question);
    for (;;) {
        const Frame frame = receive(question, deadline);
        if (!is_of_another_transaction(question, frame)) return checked(question, frame);
    }
}

// libmodbus' raw requests carry the transaction 0 on MBAP, and its own read function drops an answer that comes late
// together with the right one that follows. So the header of a request is ours; frames are received by libmodbus.
void LibmodbusWire::send(const Question& question) {
    const auto unit = static_cast<std::uint8_t>(question.unit);
    const std::array<std::uint8_t, 6> request{unit,
                                              question.function,
                                              high(question.address),
                                              low(question.address),
                                              high(question.operand),
                                              low(question.operand)};
    ssize_t sent = 0;
    if (is_mbap()) {
        ++transaction_;
        std::array<std::uint8_t, mbap_length + request.size()> frame{high(transaction_), low(transaction_), 0, 0, 0,
                                                                     request.size()};
        std::ranges::copy(request, frame.begin() + mbap_length);
        sent = ::send(fd_, frame.data(), frame.size(), MSG_NOSIGNAL);
    } else {
        // Answers of other units are dropped by libmodbus before their CRC was looked at.
        if (modbus_set_slave(context_.get(), question.unit) == -1)
            fail(ModbusFault::refused, question.name, "no such unit on a serial line");
        sent = modbus_send_raw_request(context_.get(), request.data(), request.size());
    }
    if (sent == -1) fail_with_errno(question.name, errno);
}

LibmodbusWire::Frame LibmodbusWire::receive(const Question& question, TimePoint deadline) {
    wait_for_answer(question, deadline);
    Duration patience = deadline - now();
    if (address_.framing == Framing::rtu) patience = std::min<Duration>(patience, serial_frame_patience);
    const auto usec = std::max(std::chrono::ceil<std::chrono::microseconds>(patience), 1us);
    const auto whole = std::chrono::floor<std::chrono::seconds>(usec);
    modbus_set_response_timeout(context_.get(), static_cast<std::uint32_t>(whole.count()),
                                static_cast<std::uint32_t>((usec - whole).count()));
    const int length = modbus_receive_confirmation(context_.get(), buffer_.data());
    if (length == -1) fail_with_errno(question.name, errno);
    if (length == 0) fail(ModbusFault::garbled, question.name, "answer of another unit");
    return Frame{buffer_}.first(static_cast<std::size_t>(length));
}

void LibmodbusWire::wait_for_answer(const Question& question, TimePoint deadline) {
    const auto outcome = closed_.wait(fd_, POLLIN, deadline);
    if (outcome == Interrupt::Outcome::raised) fail(ModbusFault::disconnected, question.name, "closed");
    // Also when something is there: a peer that keeps sending other answers must not keep us for ever.
    if (outcome == Interrupt::Outcome::timed_out || now() >= deadline) fail_with_errno(question.name, ETIMEDOUT);
}

bool LibmodbusWire::is_of_another_transaction(const Question& question, Frame frame) const {
    if (!is_mbap()) return false;
    if (word(frame[2], frame[3]) != 0) fail(ModbusFault::garbled, question.name, "not a Modbus frame");
    return word(frame[0], frame[1]) != transaction_;
}

std::vector<std::uint8_t> LibmodbusWire::checked(const Question& question, Frame frame) const {
    const Frame answer = is_mbap() ? frame.subspan(mbap_length) : frame.first(frame.size() - crc_length);
    const Frame data = answer.subspan(2);
    if (answer[0] != question.unit) fail(ModbusFault::garbled, question.name, text("answer of unit ", +answer[0]));
    if (answer[1] == (question.function | exception_flag))
        fail(ModbusFault::refused, question.name, text("exception ", +data[0]), data[0]);
    if (answer[1] != question.function)
        fail(ModbusFault::garbled, question.name, text("answer to function ", +answer[1]));
    const bool fits = question.function == read_holding_registers
                          ? data[0] == 2 * question.operand
                          : word(data[0], data[1]) == question.address && word(data[2], data[3]) == question.operand;
    if (!fits) fail(ModbusFault::garbled, question.name, "answer to another question");
    return {data.begin(), data.end()};
}

void LibmodbusWire::discard_until_quiet(Duration quiet, Duration at_most) { discard("discarding", quiet, at_most); }

void LibmodbusWire::discard(const std::string& what, Duration quiet, Duration at_most) {
    if (fd_ == -1) fail(ModbusFault::disconnected, what, "not connected");
    const TimePoint deadline = now() + at_most;
    do {
        const auto outcome = closed_.wait(fd_, POLLIN, std::min(now() + quiet, deadline));
        if (outcome == Interrupt::Outcome::timed_out) return;
        if (outcome == Interrupt::Outcome::raised) fail(ModbusFault::disconnected, what, "closed");
        const ssize_t count = ::read(fd_, buffer_.data(), buffer_.size());
        if (count == 0) fail_with_errno(what, ECONNRESET);
        if (count == -1) fail_with_errno(what, errno);
    } while (now() < deadline);
}

TimePoint LibmodbusWire::now() const { return std::chrono::steady_clock::now(); }

void LibmodbusWire::sleep_until(TimePoint when) { closed_.wait(-1, 0, when); }

void LibmodbusWire::fail(ModbusFault fault, const std::string& what, const std::string& why, int exception) const {
    throw ModbusError{fault, text(where_, what.empty() ? "" : " ", what, ": ", why), exception};
}

void LibmodbusWire::fail_with_errno(const std::string& what, int error) const {
    if (error == ETIMEDOUT) fail(ModbusFault::timed_out, what, "timed out");
    if (error == EMBBADCRC) fail(ModbusFault::garbled, what, "wrong checksum");
    if (error > MODBUS_ENOBASE) fail(ModbusFault::garbled, what, modbus_strerror(error));
    fail(ModbusFault::disconnected, what, error == ECONNRESET ? "connection closed" : std::strerror(error));
}

} // namespace vbat
