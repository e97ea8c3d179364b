#include "link/interrupt.hpp"

#include <poll.h>
#include <sys/eventfd.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

namespace vbat {

namespace {

timespec time_until(TimePoint until) {
    using namespace std::chrono;
    const auto left = std::clamp<Duration>(until - steady_clock::now(), 0s, hours{1}); // poll: 32 bits of seconds
    const auto whole = duration_cast<seconds>(left);
    return {.tv_sec = static_cast<time_t>(whole.count()),
            .tv_nsec = static_cast<long>(duration_cast<nanoseconds>(left - whole).count())};
}

} // namespace

Interrupt::Interrupt() : event_fd_{eventfd(0, EFD_CLOEXEC | EFD_NONBLOCK)} {
    if (event_fd_ == -1) throw std::system_error{errno, std::generic_category(), "eventfd"};
}

Interrupt::~Interrupt() { close(event_fd_); }

void Interrupt::raise() { eventfd_write(event_fd_, 1); }

Interrupt::Outcome Interrupt::wait(int fd, short events, TimePoint until) const {
    std::array<pollfd, 2> waits{
        {{.fd = event_fd_, .events = POLLIN, .revents = 0}, {.fd = fd, .events = events, .revents = 0}}};
    for (;;) {
        const timespec left = time_until(until);
        const int count = ppoll(waits.data(), waits.size(), &left, nullptr);
        if (count == -1 && errno != EINTR) throw std::system_error{errno, std::generic_category(), "poll"};
        if (count > 0) return waits[0].revents != 0 ? Outcome::raised : Outcome::ready;
        if (count == 0 && std::chrono::steady_clock::now() >= until) return Outcome::timed_out;
    }
}

} // namespace vbat
