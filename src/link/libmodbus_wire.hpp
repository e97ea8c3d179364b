#pragma once

#include "device/modbus_address.hpp"
#include "link/interrupt.hpp"
#include "link/modbus_wire.hpp"

#include <array>
#include <memory>
#include <mutex>
#include <span>

struct _modbus; // NOLINT(bugprone-reserved-identifier,readability-identifier-naming): the library's

namespace vbat {

// The wire over sockets and serial devices, by libmodbus (docs/adr/0009-modbus-session.md, The wire).
class LibmodbusWire final : public ModbusWire {
public:
    explicit LibmodbusWire(ModbusAddress address);
    ~LibmodbusWire() override;
    LibmodbusWire(const LibmodbusWire&) = delete;
    LibmodbusWire& operator=(const LibmodbusWire&) = delete;

    void connect() override;
    void adopt(int socket); // instead of connect(): a stream that somebody else opened; ours from now on
    void disconnect() override;
    std::vector<std::uint16_t> read(int unit, Block block, Duration patience) override;
    void write(int unit, std::uint16_t address, std::uint16_t value, Duration patience) override;
    void discard_until_quiet(Duration quiet, Duration at_most) override;

    TimePoint now() const override;
    void sleep_until(TimePoint when) override;

    // From any thread: whatever waits ends now, and nothing works any more.
    void close_from_outside();

private:
    struct Question;
    using Frame = std::span<const std::uint8_t>;

    std::vector<std::uint8_t> exchange(const Question& question, Duration patience);
    void send(const Question& question);
    Frame receive(const Question& question, TimePoint deadline);
    void wait_for_answer(const Question& question, TimePoint deadline);
    bool is_of_another_transaction(const Question& question, Frame frame) const;
    std::vector<std::uint8_t> checked(const Question& question, Frame frame) const;
    void discard(const std::string& what, Duration quiet, Duration at_most);
    void open_serial();
    bool is_mbap() const { return address_.framing == Framing::tcp; }
    [[noreturn]] void fail(ModbusFault fault, const std::string& what, const std::string& why, int exception = 0) const;
    [[noreturn]] void fail_with_errno(const std::string& what, int error) const;

    ModbusAddress address_;
    std::string where_; // "10.0.0.5:502"
    std::unique_ptr<_modbus, void (*)(_modbus*)> context_;
    int fd_ = -1; // the context's; changed by the owner's thread under the mutex
    std::uint16_t transaction_ = 0;
    std::array<std::uint8_t, 260> buffer_{}; // the longest frame, MBAP
    Interrupt closed_{};
    std::mutex fd_mutex_;
};

} // namespace vbat
