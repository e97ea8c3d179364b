#pragma once

#include <chrono>
#include <condition_variable>
#include <mutex>
#include <thread>

namespace vbat {

// Ends the process with `code` when it has not ended by itself within `grace`: a look-up in the DNS or a reader of the
// log that never answers must not keep a daemon alive that was asked to go.
class ExitDeadline {
public:
    ExitDeadline(std::chrono::milliseconds grace, int code);

private:
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::jthread thread_; // last: it uses the others
};

} // namespace vbat
