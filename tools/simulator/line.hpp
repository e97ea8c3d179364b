#pragma once

#include "tools/simulator/frames.hpp"

#include <deque>
#include <map>

namespace vbat::sim {

// One end of a connection to a simulated port: a socket, or a wire in virtual time.
class Client {
public:
    virtual ~Client() = default;
    virtual void deliver(std::span<const std::uint8_t> bytes) = 0;
    virtual void hang_up() = 0; // the port has closed; it forgets the client itself
};

// What one who tests wants to know about the manners of its client.
struct LineCounters {
    std::uint64_t connections{};
    std::uint64_t open{}; // now
    std::uint64_t refused{};
    std::optional<double> min_gap_ms{};     // from an answer (or a request nobody answered) to the next request
    std::optional<double> min_connect_ms{}; // from one connection to the next
    std::uint64_t overlapping{};            // requests while another was not answered
};

// A port with the devices behind it: framing, pace, connections and all that goes wrong on the way. It does not know
// whether time is real: it is told, and tells when it wants to be asked again.
class Line {
public:
    Line(std::string name, Framing framing, bool native, std::uint64_t seed)
        : name_{std::move(name)}, framing_{framing}, native_{native}, random_{seed} {}

    void add(ModbusDevice& device) { devices_.push_back(&device); }

    bool connect(Client& client, TimePoint now); // false: refused
    void leave(Client& client, TimePoint now);   // also when it is not connected
    void receive(Client& client, std::span<const std::uint8_t> bytes, TimePoint now);
    void run(TimePoint now); // all that is due
    std::optional<TimePoint> next_due() const;

    const std::string& name() const { return name_; }
    Framing framing() const { return framing_; }
    const std::vector<ModbusDevice*>& devices() const { return devices_; }
    const LineCounters& counters() const { return counters_; }

private:
    struct Stale { // an answer of a queuing gateway that nobody waits for
        TimePoint until{};
        Frame frame{};
    };
    struct Connection {
        Bytes stream{};
        TimePoint last_byte{};
        std::optional<std::uint16_t> waiting{}; // the transaction a queuing gateway thinks of
        std::optional<Stale> stale{};
    };
    struct Request {
        Client* client{};
        Frame frame{};
        TimePoint ready{};
    };
    struct Parcel { // bytes on their way
        TimePoint at{};
        Client* client{};
        Bytes bytes{};
        bool close{}; // after them
    };

    bool refuses(TimePoint now) const;
    void forget(Client& client);
    void close_all(TimePoint now);
    void notice_drops(TimePoint now);
    std::optional<TimePoint> last_drop(const ModbusDevice& device, TimePoint now) const;
    void note_request(TimePoint now);
    void accept_request(Client& client, Frame frame, TimePoint now);
    Duration answer_time(ModbusDevice& device);
    std::vector<ModbusDevice*> addressed(std::uint8_t unit) const;
    bool is_held(const Request& request, TimePoint now) const;
    void execute(const Request& request, TimePoint now);
    void send(const Request& request, ModbusDevice& device, const Answer& answer, TimePoint now);
    bool mismatch(Client& client, Frame& frame, double keep, TimePoint now);
    void spoil(Bytes& bytes, FaultPanel& faults, const Answer& answer) const;
    void post(Client& client, const Bytes& bytes, const FaultPanel& faults, bool close, TimePoint now);
    void deliver_due(TimePoint now);

    std::string name_;
    Framing framing_;
    bool native_; // the battery's own port: one client
    Random random_;
    std::vector<ModbusDevice*> devices_{};
    std::map<Client*, Connection> clients_{};
    std::deque<Request> requests_{};
    std::deque<Parcel> parcels_{}; // by time
    std::map<const ModbusDevice*, TimePoint> drops_{};
    bool deaf_{};
    TimePoint free_at_{};
    std::optional<TimePoint> last_traffic_{};
    std::optional<TimePoint> last_connect_{};
    LineCounters counters_{};
};

} // namespace vbat::sim
