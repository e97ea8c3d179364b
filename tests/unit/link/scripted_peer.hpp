#pragma once

#include "device/modbus_address.hpp"

#include <netinet/in.h>
#include <pty.h>
#include <sys/socket.h>
#include <unistd.h>

#include <csignal>
#include <cstdint>
#include <functional>
#include <sstream>
#include <stdexcept>
#include <string>
#include <thread>
#include <utility>
#include <vector>

namespace vbat_test {

using Bytes = std::vector<std::uint8_t>;

inline Bytes hex(const std::string& text) {
    Bytes bytes;
    std::istringstream in{text};
    for (unsigned byte = 0; in >> std::hex >> byte;) bytes.push_back(static_cast<std::uint8_t>(byte));
    return bytes;
}

inline Bytes with_crc(Bytes frame) {
    unsigned crc = 0xFFFF;
    for (const std::uint8_t byte : frame) {
        crc ^= byte;
        for (int bit = 0; bit < 8; ++bit) crc = (crc & 1U) != 0 ? (crc >> 1U) ^ 0xA001U : crc >> 1U;
    }
    frame.push_back(static_cast<std::uint8_t>(crc & 0xFFU));
    frame.push_back(static_cast<std::uint8_t>(crc >> 8U));
    return frame;
}

// `frame` as the answer to `request`: with its transaction.
inline Bytes answering(const Bytes& request, Bytes frame, int transactions_later = 0) {
    const int transaction = request[0] * 256 + request[1] + transactions_later;
    frame[0] = static_cast<std::uint8_t>(transaction / 256);
    frame[1] = static_cast<std::uint8_t>(transaction % 256);
    return frame;
}

// The device's end of a stream.
class Line {
public:
    explicit Line(int fd) : fd_{fd} {}

    bool send(const Bytes& bytes) const {
        return write(fd_, bytes.data(), bytes.size()) == static_cast<ssize_t>(bytes.size());
    }
    void hang_up() const { ::shutdown(fd_, SHUT_RDWR); }

    Bytes receive(std::size_t size) const { // shorter when the other side has closed
        Bytes bytes(size);
        std::size_t have = 0;
        while (have < size) {
            const ssize_t count = ::read(fd_, bytes.data() + have, size - have);
            if (count <= 0) break;
            have += static_cast<std::size_t>(count);
        }
        bytes.resize(have);
        return bytes;
    }

private:
    int fd_;
};

// What the device does upon one request.
using Reaction = std::function<void(const Line& line, const Bytes& request)>;

inline Reaction answer(const std::string& frame) { // MBAP
    return [frame](const Line& line, const Bytes& request) { line.send(answering(request, hex(frame))); };
}

inline Reaction answer_rtu(const std::string& frame) {
    return [frame](const Line& line, const Bytes&) { line.send(with_crc(hex(frame))); };
}

inline Reaction silence() {
    return [](const Line&, const Bytes&) {};
}

// A device on a thread of its own that reacts to one request after the other. Destroy the other end first.
class ScriptedPeer {
public:
    ScriptedPeer(vbat::Framing framing, std::vector<Reaction> script) : script_{std::move(script)} {
        std::signal(SIGPIPE, SIG_IGN); // as the daemon does
        if (framing == vbat::Framing::rtu) open_pty();
        else open_sockets();
        const std::size_t request_size = framing == vbat::Framing::tcp ? 12 : 8;
        thread_ = std::jthread{[this, request_size] { react(request_size); }};
    }
    ~ScriptedPeer() {
        thread_.join();
        close(own_end_);
        if (pty_slave_ != -1) close(pty_slave_);
    }
    ScriptedPeer(const ScriptedPeer&) = delete;
    ScriptedPeer& operator=(const ScriptedPeer&) = delete;

    int socket() const { return other_end_; } // to be adopted
    const std::string& device() const { return device_; }

private:
    void open_sockets() {
        int ends[2];
        if (socketpair(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0, ends) != 0) throw std::runtime_error{"socketpair"};
        own_end_ = ends[0];
        other_end_ = ends[1];
    }

    void open_pty() {
        char name[64];
        termios raw{};
        cfmakeraw(&raw);
        if (openpty(&own_end_, &pty_slave_, name, &raw, nullptr) != 0) throw std::runtime_error{"openpty"};
        device_ = name;
    }

    void react(std::size_t request_size) {
        const Line line{own_end_};
        for (const Reaction& reaction : script_) {
            const Bytes request = line.receive(request_size);
            if (request.size() != request_size) return;
            reaction(line, request);
        }
    }

    std::vector<Reaction> script_;
    int own_end_ = -1;
    int other_end_ = -1;
    int pty_slave_ = -1; // kept open, or the master reads errors until the wire opens it
    std::string device_{};
    std::jthread thread_;
};

// A TCP port of this machine.
class Listener {
public:
    explicit Listener(int backlog = 8) : fd_{::socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0)} {
        sockaddr_in address{};
        address.sin_family = AF_INET;
        address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
        socklen_t size = sizeof address;
        auto* generic = reinterpret_cast<sockaddr*>(&address);
        if (bind(fd_, generic, size) != 0 || listen(fd_, backlog) != 0 || getsockname(fd_, generic, &size) != 0)
            throw std::runtime_error{"no port to listen on"};
        port_ = ntohs(address.sin_port);
    }
    ~Listener() { close_port(); }
    Listener(const Listener&) = delete;
    Listener& operator=(const Listener&) = delete;

    std::uint16_t port() const { return port_; }
    int accept_one() const { return accept(fd_, nullptr, nullptr); } // -1: closed
    void shut() const { ::shutdown(fd_, SHUT_RDWR); }
    void close_port() {
        if (const int fd = std::exchange(fd_, -1); fd != -1) close(fd);
    }

private:
    int fd_;
    std::uint16_t port_{};
};

} // namespace vbat_test
