#pragma once

#include "core/time.hpp"

namespace vbat {

// A descriptor that another thread raises once to end all waits of its owner.
class Interrupt {
public:
    Interrupt();
    ~Interrupt();
    Interrupt(const Interrupt&) = delete;
    Interrupt& operator=(const Interrupt&) = delete;

    void raise(); // from any thread

    enum class Outcome { ready, raised, timed_out };
    // Until `fd` is ready for `events` (as for poll(); an error counts as ready), the interrupt, or `until`. fd -1:
    // none.
    Outcome wait(int fd, short events, TimePoint until) const;

private:
    int event_fd_;
};

} // namespace vbat
