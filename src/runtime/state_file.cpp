#include "runtime/state_file.hpp"

#include "runtime/host.hpp"
#include "runtime/log.hpp"
#include "runtime/text.hpp"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <system_error>
#include <utility>

namespace vbat {
namespace {

constexpr mode_t for_us_only = 0600;

struct Descriptor {
    int fd;
    explicit Descriptor(int opened) : fd{opened} {}
    ~Descriptor() { close(fd); }
    Descriptor(const Descriptor&) = delete;
    Descriptor& operator=(const Descriptor&) = delete;
};

void checked(long result, const std::filesystem::path& file) {
    if (result < 0) throw std::system_error{errno, std::generic_category(), file.string()};
}

void write_all(int fd, std::string_view content, const std::filesystem::path& file) {
    while (!content.empty()) {
        const auto written = ::write(fd, content.data(), content.size());
        checked(written, file);
        content.remove_prefix(static_cast<std::size_t>(written));
    }
}

void replace(const std::filesystem::path& file, const std::string& content) {
    std::filesystem::create_directories(file.parent_path());
    auto beside = file;
    beside += ".new";
    {
        const Descriptor out{open(beside.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, for_us_only)};
        checked(out.fd, beside);
        write_all(out.fd, content, beside);
        checked(fsync(out.fd), beside);
    }
    std::filesystem::rename(beside, file);
}

} // namespace

StateFile::StateFile(std::filesystem::path file)
    : file_{std::move(file)}, thread_{[this](const std::stop_token& stop) { serve(stop); }} {}

StateFile::~StateFile() {
    thread_.request_stop();
    thread_.join(); // before the members it uses
}

std::optional<std::string> StateFile::read() const {
    if (!std::filesystem::exists(file_)) return std::nullopt;
    return read_file(file_);
}

void StateFile::set_aside() const {
    auto bad = file_;
    bad += ".bad";
    std::filesystem::rename(file_, bad);
}

void StateFile::write(std::string content) {
    {
        const std::lock_guard lock{mutex_};
        waiting_ = std::move(content);
    }
    wake_.notify_one();
}

void StateFile::serve(const std::stop_token& stop) {
    while (true) {
        std::unique_lock lock{mutex_};
        wake_.wait(lock, stop, [this] { return waiting_.has_value(); });
        if (!waiting_) return; // asked to stop, and nothing waits
        const std::string content = *std::exchange(waiting_, std::nullopt);
        lock.unlock();
        try {
            replace(file_, content);
        } catch (const std::system_error& error) { // a full disk must not end the daemon; the next write tries again
            log_warning(text("state is not kept: ", error.what()));
        }
    }
}

} // namespace vbat
