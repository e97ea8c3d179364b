#pragma once

#include "runtime/event_loop.hpp"

#include <condition_variable>
#include <mutex>
#include <stop_token>
#include <vector>

namespace vbat {

// Values from another thread to the loop, many per turn. A full inbox makes the sender wait, so that a burst is slowed
// down at its source and not kept in memory.
template <class T>
class Inbox {
public:
    using Handle = std::function<void(std::vector<T>)>;

    Inbox(EventLoop& loop, std::size_t capacity, Handle handle)
        : loop_{loop}, capacity_{capacity}, handle_{std::move(handle)} {}

    // From the other thread. False: `stop` was requested while the inbox was full.
    bool put(T value, const std::stop_token& stop) {
        std::unique_lock lock{mutex_};
        if (!room_.wait(lock, stop, [this] { return values_.size() < capacity_; })) return false;
        values_.push_back(std::move(value));
        if (values_.size() == 1) loop_.post([this] { deliver(); });
        return true;
    }

private:
    void deliver() {
        std::vector<T> values;
        {
            const std::lock_guard lock{mutex_};
            values.swap(values_);
        }
        room_.notify_all();
        handle_(std::move(values));
    }

    EventLoop& loop_;
    std::size_t capacity_;
    Handle handle_;
    std::mutex mutex_;
    std::condition_variable_any room_;
    std::vector<T> values_;
};

} // namespace vbat
