#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <utility>

namespace vbat::sim {

// A file descriptor that is closed with its owner.
class Descriptor {
public:
    Descriptor() = default;
    explicit Descriptor(int fd) : fd_{fd} {}
    ~Descriptor() { reset(); }
    Descriptor(Descriptor&& other) noexcept : fd_{std::exchange(other.fd_, -1)} {}
    Descriptor& operator=(Descriptor&& other) noexcept {
        if (this != &other) {
            reset();
            fd_ = std::exchange(other.fd_, -1);
        }
        return *this;
    }

    int get() const { return fd_; }
    void reset();

private:
    int fd_{-1};
};

Descriptor listen_on(const std::string& address, int port); // throws std::system_error that names both
int port_of(const Descriptor& socket);
Descriptor accept_from(const Descriptor& listener); // -1: nobody (any more)
void refuse(Descriptor socket);                     // with a reset, as a closed port does

// nullopt: the other side is gone. Empty: nothing now.
std::optional<std::string> receive_some(const Descriptor& socket);
std::optional<std::size_t> send_some(const Descriptor& socket, std::string_view bytes);

// A serial line without hardware: raw, and with both ends open, so that it never hangs up.
struct PseudoTerminal {
    Descriptor ours{};
    Descriptor theirs{};
    std::string path{}; // of theirs
};
PseudoTerminal open_pseudo_terminal(); // throws std::system_error
Descriptor copy_of(const Descriptor& descriptor);

Descriptor termination_signals(); // becomes readable at SIGTERM or SIGINT; throws std::system_error

} // namespace vbat::sim
