#pragma once

#include "link/modbus_wire.hpp"
#include "tools/simulator/simulation.hpp"

namespace vbat::sim {

// A wire to a port of a simulation in virtual time: a blocking call moves the clock of the simulation on, for all wires
// to it. Device, faults and frames are those that are served on sockets; this is only the other end.
class VirtualWire final : public ModbusWire, private Client {
public:
    VirtualWire(Simulation& simulation, std::string_view port); // of a battery or a gateway
    ~VirtualWire() override;
    VirtualWire(const VirtualWire&) = delete;
    VirtualWire& operator=(const VirtualWire&) = delete;

    void connect() override;
    void disconnect() override;
    std::vector<std::uint16_t> read(int unit, Block block, Duration patience) override;
    void write(int unit, std::uint16_t address, std::uint16_t value, Duration patience) override;
    void discard_until_quiet(Duration quiet, Duration at_most) override;
    TimePoint now() const override { return simulation_.now(); }
    void sleep_until(TimePoint when) override { simulation_.run_until(when); }

private:
    void deliver(std::span<const std::uint8_t> bytes) override {
        received_.insert(received_.end(), bytes.begin(), bytes.end());
    }
    void hang_up() override { connected_ = false; }

    Bytes ask(int unit, const Bytes& pdu, const std::string& what, Duration patience);
    Bytes await_answer(Frame& asked, const std::string& what, TimePoint deadline);
    Bytes checked(const Bytes& frame, const Frame& asked, const std::string& what) const;
    bool wait(TimePoint deadline); // false: it is over
    [[noreturn]] void fail(ModbusFault fault, const std::string& what, const std::string& why, int exception = 0) const;

    Simulation& simulation_;
    Line& line_;
    bool connected_{};
    std::uint16_t transaction_{};
    Bytes received_{};
};

} // namespace vbat::sim
