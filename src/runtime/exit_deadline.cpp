#include "runtime/exit_deadline.hpp"

#include <unistd.h>

namespace vbat {

ExitDeadline::ExitDeadline(std::chrono::milliseconds grace, int code)
    : thread_{[this, grace, code](const std::stop_token& stop) {
          std::unique_lock lock{mutex_};
          wake_.wait_for(lock, stop, grace, [] { return false; });
          if (!stop.stop_requested()) _exit(code);
      }} {}

} // namespace vbat
