#pragma once

#include <string>

namespace vbat {

enum class LogLevel { error, warning, info, debug };

// Starts the writer thread: one line an event to stderr, never waiting for whoever reads it. When the queue is full the
// oldest lines are dropped and counted. Lines logged before start_log() or after stop_log() go to stderr directly.
void start_log(LogLevel level);
void stop_log(); // writes what is queued

void log(LogLevel level, const std::string& line);
bool log_wants(LogLevel level); // whether a line of this level would be written: some are costly to make
inline void log_error(const std::string& line) { log(LogLevel::error, line); }
inline void log_warning(const std::string& line) { log(LogLevel::warning, line); }
inline void log_info(const std::string& line) { log(LogLevel::info, line); }
inline void log_debug(const std::string& line) { log(LogLevel::debug, line); }

} // namespace vbat
