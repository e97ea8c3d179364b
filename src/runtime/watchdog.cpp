#include "runtime/watchdog.hpp"

namespace vbat {

Watchdog::Watchdog(int ticks, std::function<void()> hung, std::chrono::milliseconds tick)
    : ticks_{ticks}, hung_{std::move(hung)}, tick_{tick}, thread_{
                                                              [this](const std::stop_token& stop) { watch(stop); }} {}

void Watchdog::watch(const std::stop_token& stop) {
    std::unique_lock lock{mutex_};
    while (!stop.stop_requested()) {
        wake_.wait_for(lock, stop, tick_, [] { return false; });
        if (!stop.stop_requested() && ++silent_ticks_ == ticks_) hung_();
    }
}

} // namespace vbat
