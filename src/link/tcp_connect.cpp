#include "link/tcp_connect.hpp"

#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <memory>
#include <stdexcept>
#include <utility>

namespace vbat {

using std::chrono::steady_clock;

namespace {

class Socket {
public:
    explicit Socket(const addrinfo& address)
        : fd_{socket(address.ai_family, SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, address.ai_protocol)} {}
    ~Socket() {
        if (fd_ != -1) close(fd_);
    }
    Socket(const Socket&) = delete;
    Socket& operator=(const Socket&) = delete;

    int fd() const { return fd_; }
    int release() { return std::exchange(fd_, -1); }

private:
    int fd_;
};

[[noreturn]] void fail(int error) { throw std::runtime_error{std::strerror(error)}; }

using Addresses = std::unique_ptr<addrinfo, void (*)(addrinfo*)>;

Addresses addresses_of(const std::string& host, std::uint16_t port) {
    addrinfo wanted{};
    wanted.ai_socktype = SOCK_STREAM;
    wanted.ai_flags = AI_NUMERICSERV;
    addrinfo* found = nullptr;
    const int failure = getaddrinfo(host.c_str(), std::to_string(port).c_str(), &wanted, &found);
    if (failure == EAI_SYSTEM) fail(errno);
    if (failure != 0) throw std::runtime_error{gai_strerror(failure)};
    return {found, freeaddrinfo};
}

void set(int fd, int level, int option, int value) {
    if (setsockopt(fd, level, option, &value, sizeof value) == -1) fail(errno);
}

// A request is one small packet that must leave at once. A peer that vanished is noticed also while nobody asks it.
void tune(int fd) {
    set(fd, IPPROTO_TCP, TCP_NODELAY, 1);
    set(fd, SOL_SOCKET, SO_KEEPALIVE, 1);
    set(fd, IPPROTO_TCP, TCP_KEEPIDLE, 30);
    set(fd, IPPROTO_TCP, TCP_KEEPINTVL, 10);
    set(fd, IPPROTO_TCP, TCP_KEEPCNT, 3);
}

int connect_one(const addrinfo& address, TimePoint until, const Interrupt& interrupt) {
    Socket socket{address};
    if (socket.fd() == -1) fail(errno);
    if (connect(socket.fd(), address.ai_addr, address.ai_addrlen) == -1) {
        if (errno != EINPROGRESS) fail(errno);
        const auto outcome = interrupt.wait(socket.fd(), POLLOUT, until);
        if (outcome == Interrupt::Outcome::raised) throw std::runtime_error{"closed"};
        if (outcome == Interrupt::Outcome::timed_out) throw std::runtime_error{"no answer to the connection request"};
        int error = 0;
        socklen_t size = sizeof error;
        getsockopt(socket.fd(), SOL_SOCKET, SO_ERROR, &error, &size);
        if (error != 0) fail(error);
    }
    tune(socket.fd());
    return socket.release();
}

int count_of(const addrinfo* address) { return address == nullptr ? 0 : 1 + count_of(address->ai_next); }

} // namespace

int tcp_connect(const std::string& host, std::uint16_t port, Duration patience, const Interrupt& interrupt) {
    const Addresses addresses = addresses_of(host, port);
    const TimePoint deadline = steady_clock::now() + patience;
    for (const addrinfo* address = addresses.get();; address = address->ai_next) {
        const TimePoint now = steady_clock::now(); // the first of many must not use up the time of all
        try {
            return connect_one(*address, now + (deadline - now) / count_of(address), interrupt);
        } catch (const std::runtime_error&) {
            if (address->ai_next == nullptr) throw;
        }
    }
}

} // namespace vbat
