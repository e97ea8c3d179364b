#include "runtime/event_loop.hpp"

#include <sys/eventfd.h>
#include <systemd/sd-event.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <system_error>

namespace vbat {
namespace {

constexpr std::uint64_t never = UINT64_MAX;
constexpr std::int64_t after_everything_else = 100;

int checked(int result, const char* what) {
    if (result < 0) throw std::system_error{-result, std::generic_category(), what};
    return result;
}

std::uint64_t microseconds(Duration span) {
    return static_cast<std::uint64_t>(std::chrono::duration_cast<std::chrono::microseconds>(span).count());
}

} // namespace

// One entry of the loop: its sd-event sources and what to do. Its address is the user data of the C callbacks.
struct EventLoop::Source {
    EventLoop& loop;
    Task task{};
    Prepare prepare{};
    std::uint64_t period = 0;
    sd_event_source* main = nullptr;
    sd_event_source* timeout = nullptr;

    explicit Source(EventLoop& owner) : loop{owner} {}
    ~Source() {
        sd_event_source_disable_unref(timeout);
        sd_event_source_disable_unref(main);
    }
    Source(const Source&) = delete;
    Source& operator=(const Source&) = delete;

    // Every C callback ends here.
    int guarded(auto&& body) noexcept {
        try {
            body();
        } catch (...) { // kept, and thrown again by run()
            loop.failure_ = std::current_exception();
            sd_event_exit(loop.event_, 1);
        }
        return 0;
    }

    void arm_again() const {
        std::uint64_t next = 0;
        checked(sd_event_now(loop.event_, CLOCK_MONOTONIC, &next), "sd_event_now");
        checked(sd_event_source_set_time(main, next + period), "sd_event_source_set_time");
        checked(sd_event_source_set_enabled(main, SD_EVENT_ONESHOT), "sd_event_source_set_enabled");
    }

    void prepare_wait() const {
        const Wait wait = prepare();
        checked(sd_event_source_set_io_events(main, static_cast<std::uint32_t>(wait.events)), "set_io_events");
        checked(sd_event_source_set_time(timeout, wait.until_usec.value_or(never)), "set_time");
        checked(sd_event_source_set_enabled(timeout, wait.until_usec ? SD_EVENT_ONESHOT : SD_EVENT_OFF), "set_enabled");
    }

    static Source& of(void* user) { return *static_cast<Source*>(user); }
};

namespace {

using Source = EventLoop::Source;

int run_task(void* user) noexcept {
    return Source::of(user).guarded([user] { Source::of(user).task(); });
}
int on_io(sd_event_source*, int, std::uint32_t, void* user) noexcept { return run_task(user); }
int on_signal_event(sd_event_source*, const signalfd_siginfo*, void* user) noexcept { return run_task(user); }
int on_defer(sd_event_source*, void* user) noexcept { return run_task(user); }
int on_alarm(sd_event_source*, std::uint64_t, void* user) noexcept { return run_task(user); }
int on_timer(sd_event_source*, std::uint64_t, void* user) noexcept {
    return Source::of(user).guarded([user] {
        Source::of(user).arm_again(); // first: the task may end the loop
        Source::of(user).task();
    });
}
// The work of an attached library is done in its prepare step; its descriptor and its timer only end the sleep.
int on_ready(sd_event_source*, int, std::uint32_t, void*) noexcept { return 0; }
int on_timeout(sd_event_source*, std::uint64_t, void*) noexcept { return 0; }
int on_prepare(sd_event_source*, void* user) noexcept {
    return Source::of(user).guarded([user] { Source::of(user).prepare_wait(); });
}

} // namespace

EventLoop::EventLoop() {
    checked(sd_event_new(&event_), "sd_event_new");
    wakeup_fd_ = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (wakeup_fd_ < 0) throw std::system_error{errno, std::generic_category(), "eventfd"};
    Source& source = add();
    source.task = [this] { run_posted(); };
    checked(sd_event_add_io(event_, &source.main, wakeup_fd_, EPOLLIN, on_io, &source), "sd_event_add_io");
}

EventLoop::~EventLoop() {
    sources_.clear();
    sd_event_unref(event_);
    close(wakeup_fd_);
}

TimePoint EventLoop::now() { return std::chrono::steady_clock::now(); }

EventLoop::Source& EventLoop::add() { return *sources_.emplace_back(std::make_unique<Source>(*this)); }

void EventLoop::every(Duration period, TimerTask task) {
    Source& source = add();
    source.period = microseconds(period);
    source.task = [task = std::move(task)] { task(now()); };
    checked(sd_event_add_time_relative(event_, &source.main, CLOCK_MONOTONIC, source.period, 0, on_timer, &source),
            "sd_event_add_time_relative");
}

EventLoop::Arm EventLoop::timer(TimerTask task) {
    Source& source = add();
    source.task = [task = std::move(task)] { task(now()); };
    checked(sd_event_add_time(event_, &source.main, CLOCK_MONOTONIC, never, 0, on_alarm, &source), "sd_event_add_time");
    return [main = source.main](TimePoint due) {
        checked(sd_event_source_set_time(main, microseconds(due.time_since_epoch())), "sd_event_source_set_time");
        checked(sd_event_source_set_enabled(main, SD_EVENT_ONESHOT), "sd_event_source_set_enabled");
    };
}

void EventLoop::on_signal(int signal, Task task) {
    Source& source = add();
    source.task = std::move(task);
    checked(sd_event_add_signal(event_, &source.main, signal, on_signal_event, &source), "sd_event_add_signal");
}

void EventLoop::attach(Prepare prepare) {
    Source& source = add();
    source.prepare = std::move(prepare);
    const int fd = source.prepare().fd;
    checked(sd_event_add_io(event_, &source.main, fd, 0, on_ready, &source), "sd_event_add_io");
    checked(sd_event_add_time(event_, &source.timeout, CLOCK_MONOTONIC, never, 0, on_timeout, &source),
            "sd_event_add_time");
    checked(sd_event_source_set_prepare(source.main, on_prepare), "sd_event_source_set_prepare");
}

EventLoop::Task EventLoop::at_end_of_turn(Task task) {
    Source& source = add();
    source.task = std::move(task);
    checked(sd_event_add_defer(event_, &source.main, on_defer, &source), "sd_event_add_defer");
    checked(sd_event_source_set_enabled(source.main, SD_EVENT_OFF), "sd_event_source_set_enabled");
    checked(sd_event_source_set_priority(source.main, after_everything_else), "sd_event_source_set_priority");
    return [main = source.main] { checked(sd_event_source_set_enabled(main, SD_EVENT_ONESHOT), "set_enabled"); };
}

void EventLoop::post(Task task) {
    {
        const std::lock_guard lock{posted_mutex_};
        posted_.push_back(std::move(task));
    }
    eventfd_write(wakeup_fd_, 1);
}

void EventLoop::run_posted() {
    eventfd_t ignored{};
    eventfd_read(wakeup_fd_, &ignored);
    std::vector<Task> tasks;
    {
        const std::lock_guard lock{posted_mutex_};
        tasks.swap(posted_);
    }
    for (const Task& task : tasks) task();
}

void EventLoop::run() {
    const int result = sd_event_loop(event_);
    if (failure_) std::rethrow_exception(failure_);
    checked(result, "sd_event_loop");
}

void EventLoop::stop() { checked(sd_event_exit(event_, 0), "sd_event_exit"); }

void block_signals(std::initializer_list<int> signals) {
    sigset_t set;
    sigemptyset(&set);
    for (const int signal : signals) sigaddset(&set, signal);
    if (const int error = pthread_sigmask(SIG_BLOCK, &set, nullptr); error != 0)
        throw std::system_error{error, std::generic_category(), "pthread_sigmask"};
}

} // namespace vbat
