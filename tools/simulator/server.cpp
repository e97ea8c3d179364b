#include "tools/simulator/server.hpp"

#include "tools/simulator/control.hpp"
#include "tools/simulator/sockets.hpp"

#include <nlohmann/json.hpp>
#include <poll.h>

#include <algorithm>
#include <list>

namespace vbat::sim {
namespace {

using namespace std::chrono_literals;

constexpr std::size_t most_unsent = 1 << 16; // to a client that does not read
constexpr std::size_t longest_command = 1 << 16;
constexpr std::size_t most_control_clients = 32;
constexpr auto tick = 50ms;

TimePoint clock_now() { return std::chrono::steady_clock::now(); }

} // namespace

// A client of a port. What cannot be sent at once waits here.
class SocketClient final : public Client {
public:
    explicit SocketClient(Descriptor socket) : socket_{std::move(socket)} {}

    void deliver(std::span<const std::uint8_t> bytes) override {
        unsent_.append(bytes.begin(), bytes.end());
        flush();
    }
    void hang_up() override { closing_ = true; }
    void flush() {
        if (unsent_.empty()) return;
        const auto sent = send_some(socket_, unsent_);
        if (sent) unsent_.erase(0, *sent);
        if (!sent || unsent_.size() > most_unsent) broken_ = true;
    }

    void give_up() { broken_ = true; }
    void reset() { refuse(std::move(socket_)); }

    bool over() const { return broken_ || (closing_ && unsent_.empty()); }
    bool is_behind() const { return !unsent_.empty(); }
    const Descriptor& socket() const { return socket_; }

private:
    Descriptor socket_;
    std::string unsent_{};
    bool closing_{};
    bool broken_{};
};

class Server::Impl {
public:
    explicit Impl(const Options& options);

    std::string ready_line() const;
    void run();

private:
    struct Port {
        Line& line;
        Descriptor listener{};
        std::optional<PseudoTerminal> serial{}; // instead
        std::list<SocketClient> clients{};
    };
    struct Tester { // of the control port
        SocketClient client;
        std::string received{};
    };

    void open(Line& line, const std::string& address);
    static int port_for(const Line& line);
    std::vector<pollfd> watched() const;
    int patience() const;
    void accept_all();
    void accept(Port& port);
    void read(Port& port);
    void read(Tester& tester);
    void drop_finished();

    std::chrono::steady_clock::time_point now_{clock_now()};
    Simulation simulation_;
    Descriptor signals_;
    std::list<Port> ports_{};
    Descriptor control_;
    std::list<Tester> testers_{};
};

Server::Impl::Impl(const Options& options)
    : simulation_{options.simulation, now_}, signals_{termination_signals()}, control_{listen_on(
                                                                                  "127.0.0.1", options.control_port)} {
    for (const auto& line : simulation_.lines()) open(*line, options.address);
}

void Server::Impl::open(Line& line, const std::string& address) {
    Port& port = ports_.emplace_back(Port{line});
    if (line.framing() == Framing::rtu) port.serial = open_pseudo_terminal();
    else port.listener = listen_on(address, port_for(line));
}

// Behind a gateway the first battery that names a port decides.
int Server::Impl::port_for(const Line& line) {
    for (const ModbusDevice* device : line.devices())
        if (const int port = device->battery().spec().port; port != 0) return port;
    return 0;
}

std::string Server::Impl::ready_line() const {
    nlohmann::json ports = nlohmann::json::object();
    for (const Port& port : ports_) {
        const nlohmann::json where =
            port.serial ? nlohmann::json(port.serial->path) : nlohmann::json(port_of(port.listener));
        ports[port.line.name()] = where;
        for (const ModbusDevice* device : port.line.devices()) ports[device->battery().spec().name] = where;
    }
    return nlohmann::json{{"ready", true}, {"ports", ports}, {"control", port_of(control_)}}.dump();
}

std::vector<pollfd> Server::Impl::watched() const {
    std::vector<pollfd> all{{signals_.get(), POLLIN, 0}, {control_.get(), POLLIN, 0}};
    const auto watch = [&all](const SocketClient& client) {
        all.push_back({client.socket().get(), static_cast<short>(client.is_behind() ? POLLIN | POLLOUT : POLLIN), 0});
    };
    for (const Port& port : ports_) {
        if (!port.serial) all.push_back({port.listener.get(), POLLIN, 0});
        for (const SocketClient& client : port.clients) watch(client);
    }
    for (const Tester& tester : testers_) watch(tester.client);
    return all;
}

int Server::Impl::patience() const {
    const auto due = simulation_.next_due();
    const Duration wait = due ? std::clamp<Duration>(*due - clock_now(), 0ms, tick) : Duration{tick};
    return static_cast<int>(std::chrono::ceil<std::chrono::milliseconds>(wait).count());
}

void Server::Impl::run() {
    while (true) {
        auto all = watched();
        if (::poll(all.data(), all.size(), patience()) < 0 && errno != EINTR)
            throw std::system_error{errno, std::generic_category(), "poll"};
        if ((all.front().revents & POLLIN) != 0) return;
        simulation_.run_until(clock_now());
        accept_all();
        for (Port& port : ports_) read(port);
        for (Tester& tester : testers_) read(tester);
        drop_finished();
    }
}

void Server::Impl::accept_all() {
    for (Port& port : ports_) accept(port);
    for (Descriptor socket = accept_from(control_); socket.get() >= 0; socket = accept_from(control_)) {
        if (testers_.size() < most_control_clients) testers_.push_back({SocketClient{std::move(socket)}});
        else refuse(std::move(socket));
    }
}

void Server::Impl::accept(Port& port) {
    const auto next = [&port] {
        if (!port.serial) return accept_from(port.listener);
        return port.clients.empty() ? copy_of(port.serial->ours) : Descriptor{}; // a cable is always plugged in
    };
    for (Descriptor socket = next(); socket.get() >= 0; socket = next()) {
        port.clients.emplace_back(std::move(socket));
        if (port.line.connect(port.clients.back(), simulation_.now())) continue;
        port.clients.back().reset();
        port.clients.pop_back();
        if (port.serial) return;
    }
}

void Server::Impl::read(Port& port) {
    for (SocketClient& client : port.clients) {
        client.flush();
        const auto bytes = receive_some(client.socket());
        if (!bytes) {
            port.line.leave(client, simulation_.now());
            client.give_up();
        } else if (!bytes->empty()) {
            const std::vector<std::uint8_t> octets{bytes->begin(), bytes->end()};
            port.line.receive(client, octets, simulation_.now());
        }
    }
}

void Server::Impl::read(Tester& tester) {
    tester.client.flush();
    const auto bytes = receive_some(tester.client.socket());
    if (!bytes) return tester.client.give_up();
    tester.received += *bytes;
    for (auto end = tester.received.find('\n'); end != std::string::npos; end = tester.received.find('\n')) {
        const std::string answer = answer_control(simulation_, tester.received.substr(0, end));
        tester.received.erase(0, end + 1);
        tester.client.deliver(std::vector<std::uint8_t>{answer.begin(), answer.end()});
    }
    if (tester.received.size() > longest_command) tester.client.give_up();
}

void Server::Impl::drop_finished() {
    for (Port& port : ports_)
        for (SocketClient& client : port.clients)
            if (client.over()) port.line.leave(client, simulation_.now());
    for (Port& port : ports_) port.clients.remove_if([](const SocketClient& client) { return client.over(); });
    testers_.remove_if([](const Tester& tester) { return tester.client.over(); });
}

Server::Server(const Options& options) : impl_{std::make_unique<Impl>(options)} {}
Server::~Server() = default;
std::string Server::ready_line() const { return impl_->ready_line(); }
void Server::run() { impl_->run(); }

} // namespace vbat::sim
