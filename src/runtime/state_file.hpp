#pragma once

#include <condition_variable>
#include <filesystem>
#include <mutex>
#include <optional>
#include <string>
#include <thread>

namespace vbat {

// A small file that survives a power cut as it was before or as it is after: written beside itself, synced, renamed. A
// thread writes, so that the loop never waits for a disk; of several contents that wait the newest is written.
class StateFile {
public:
    explicit StateFile(std::filesystem::path file);
    ~StateFile(); // writes what waits

    std::optional<std::string> read() const; // nullopt: there is none
    void set_aside() const;                  // renames what cannot be understood to .bad, for a person to look at
    void write(std::string content);

private:
    void serve(const std::stop_token& stop);

    std::filesystem::path file_;
    std::mutex mutex_;
    std::condition_variable_any wake_;
    std::optional<std::string> waiting_{};
    std::jthread thread_; // last: it uses the others
};

} // namespace vbat
