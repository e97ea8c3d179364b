#pragma once

#include <atomic>
#include <condition_variable>
#include <functional>
#include <mutex>
#include <thread>

namespace vbat {

// Calls `hung` from a thread of its own when beat() has not been called for `ticks` ticks of that thread's own life: a
// process that was suspended as a whole did not hang.
class Watchdog {
public:
    Watchdog(int ticks, std::function<void()> hung, std::chrono::milliseconds tick);
    void beat() { silent_ticks_ = 0; }

private:
    void watch(const std::stop_token& stop);

    int ticks_;
    std::function<void()> hung_;
    std::chrono::milliseconds tick_;
    std::atomic<int> silent_ticks_{0};
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_; // last: it uses the others
};

} // namespace vbat
