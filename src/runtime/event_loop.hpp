#pragma once

#include "core/time.hpp"

#include <cstdint>
#include <exception>
#include <functional>
#include <memory>
#include <mutex>
#include <optional>
#include <vector>

struct sd_event;
struct sd_event_source;

namespace vbat {

// The one thread that owns all state: sd-event behind RAII. Only post() may be called from other threads. What a task
// throws ends the loop and leaves run(): nothing may unwind through libsystemd's C frames.
class EventLoop {
public:
    using Task = std::function<void()>;
    using TimerTask = std::function<void(TimePoint now)>;

    // What a library that brings its own descriptor waits for; asked before every sleep of the loop.
    struct Wait {
        int fd{-1};
        short events{};                            // as for poll()
        std::optional<std::uint64_t> until_usec{}; // CLOCK_MONOTONIC
    };
    using Prepare = std::function<Wait()>; // handles all that is pending, then says what to wait for

    EventLoop();
    ~EventLoop();
    EventLoop(const EventLoop&) = delete;
    EventLoop& operator=(const EventLoop&) = delete;

    static TimePoint now();

    void every(Duration period, TimerTask task); // for as long as the loop lives
    // A timer that sleeps until it is armed, fires once, and can be armed again or anew.
    using Arm = std::function<void(TimePoint due)>;
    Arm timer(TimerTask task);

    void on_signal(int signal, Task task); // block the signal before the first thread starts: block_signals()
    void attach(Prepare prepare);

    // Runs `task` once at the end of the turn in which the returned trigger was called, however often it was called.
    Task at_end_of_turn(Task task);

    void post(Task task); // from any thread

    // Wraps `handle` so that another thread may call it: the value travels, the handler runs here.
    template <class Handler>
    auto posting(Handler handle) {
        return [this, handle](auto value) {
            post([handle, value = std::make_shared<decltype(value)>(std::move(value))] { handle(std::move(*value)); });
        };
    }

    void run(); // until stop()
    void stop();

    struct Source;

private:
    Source& add();
    void run_posted();

    sd_event* event_ = nullptr;
    std::vector<std::unique_ptr<Source>> sources_;
    std::exception_ptr failure_{};
    int wakeup_fd_ = -1;
    std::mutex posted_mutex_;
    std::vector<Task> posted_;
};

// Signals that arrive as loop events. Before any thread exists: threads inherit the mask.
void block_signals(std::initializer_list<int> signals);

} // namespace vbat
