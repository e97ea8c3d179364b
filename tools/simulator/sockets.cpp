#include "tools/simulator/sockets.hpp"

#include <arpa/inet.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <termios.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <system_error>

namespace vbat::sim {
namespace {

[[noreturn]] void fail(const std::string& what) { throw std::system_error{errno, std::generic_category(), what}; }

bool try_again() { return errno == EAGAIN || errno == EINTR; }

} // namespace

void Descriptor::reset() {
    if (fd_ >= 0) ::close(fd_);
    fd_ = -1;
}

Descriptor listen_on(const std::string& address, int port) {
    const std::string where = address + ":" + std::to_string(port);
    sockaddr_in name{};
    name.sin_family = AF_INET;
    name.sin_port = htons(static_cast<std::uint16_t>(port));
    errno = EINVAL;
    if (::inet_pton(AF_INET, address.c_str(), &name.sin_addr) != 1) fail(where + ": an IPv4 address is expected");
    Descriptor socket{::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
    const int yes = 1;
    ::setsockopt(socket.get(), SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (::bind(socket.get(), reinterpret_cast<const sockaddr*>(&name), sizeof name) != 0) fail("bind " + where);
    if (::listen(socket.get(), 16) != 0) fail("listen on " + where);
    return socket;
}

int port_of(const Descriptor& socket) {
    sockaddr_in name{};
    socklen_t size = sizeof name;
    ::getsockname(socket.get(), reinterpret_cast<sockaddr*>(&name), &size);
    return ntohs(name.sin_port);
}

Descriptor accept_from(const Descriptor& listener) {
    Descriptor socket{::accept4(listener.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
    const int yes = 1;
    if (socket.get() >= 0) ::setsockopt(socket.get(), IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    return socket;
}

void refuse(Descriptor socket) {
    const linger at_once{.l_onoff = 1, .l_linger = 0};
    ::setsockopt(socket.get(), SOL_SOCKET, SO_LINGER, &at_once, sizeof at_once);
    socket.reset();
}

std::optional<std::string> receive_some(const Descriptor& socket) {
    std::array<char, 4096> buffer{};
    const ssize_t got = ::read(socket.get(), buffer.data(), buffer.size());
    if (got > 0) return std::string{buffer.data(), static_cast<std::size_t>(got)};
    if (got < 0 && try_again()) return std::string{};
    return std::nullopt;
}

std::optional<std::size_t> send_some(const Descriptor& socket, std::string_view bytes) {
    const ssize_t sent = ::write(socket.get(), bytes.data(), bytes.size());
    if (sent >= 0) return static_cast<std::size_t>(sent);
    if (try_again()) return 0;
    return std::nullopt;
}

PseudoTerminal open_pseudo_terminal() {
    PseudoTerminal terminal{.ours = Descriptor{::posix_openpt(O_RDWR | O_NOCTTY | O_NONBLOCK | O_CLOEXEC)}};
    std::array<char, 64> path{};
    const int ours = terminal.ours.get();
    if (ours < 0 || ::grantpt(ours) != 0 || ::unlockpt(ours) != 0 || ::ptsname_r(ours, path.data(), path.size()) != 0)
        fail("pseudo terminal");
    terminal.path = path.data();
    terminal.theirs = Descriptor{::open(path.data(), O_RDWR | O_NOCTTY | O_CLOEXEC)};
    termios raw{};
    if (::tcgetattr(terminal.theirs.get(), &raw) != 0) fail(terminal.path);
    ::cfmakeraw(&raw);
    if (::tcsetattr(terminal.theirs.get(), TCSANOW, &raw) != 0) fail(terminal.path);
    return terminal;
}

Descriptor copy_of(const Descriptor& descriptor) { return Descriptor{::fcntl(descriptor.get(), F_DUPFD_CLOEXEC, 0)}; }

Descriptor termination_signals() {
    std::signal(SIGPIPE, SIG_IGN); // a client that has gone shows where it is written to
    sigset_t set;
    sigemptyset(&set);
    sigaddset(&set, SIGTERM);
    sigaddset(&set, SIGINT);
    ::sigprocmask(SIG_BLOCK, &set, nullptr);
    Descriptor signals{::signalfd(-1, &set, SFD_CLOEXEC | SFD_NONBLOCK)};
    if (signals.get() < 0) fail("signalfd");
    return signals;
}

} // namespace vbat::sim
