#include "config/files.hpp"

#include "runtime/text.hpp"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstddef>
#include <cstdio>
#include <memory>
#include <string_view>
#include <system_error>

namespace vbat {
namespace {

constexpr std::size_t longest_line = 1024;

struct Close {
    void operator()(std::FILE* file) const { std::fclose(file); } // read only: nothing can get lost
};
using OpenFile = std::unique_ptr<std::FILE, Close>;

std::string errno_text(int error) { return std::generic_category().message(error); }

// Only regular files: reading a pipe or a device might never end.
std::string kind_obstacle(const std::filesystem::path& path) {
    std::error_code error;
    const auto status = std::filesystem::status(path, error);
    if (!std::filesystem::exists(status)) return errno_text(error ? error.value() : ENOENT);
    if (std::filesystem::is_directory(status)) return errno_text(EISDIR);
    return std::filesystem::is_regular_file(status) ? "" : "not a regular file";
}

// The first bytes of a file, as many as a line may have and one more.
FirstLine read_start(const std::filesystem::path& path) {
    if (const auto obstacle = kind_obstacle(path); !obstacle.empty()) return {.text = {}, .obstacle = obstacle};
    const OpenFile file{std::fopen(path.c_str(), "rbe")};
    if (!file) return {.text = {}, .obstacle = errno_text(errno)};
    std::array<char, longest_line + 1> buffer{};
    const std::size_t size = std::fread(buffer.data(), 1, buffer.size(), file.get());
    if (std::ferror(file.get()) != 0) return {.text = {}, .obstacle = errno_text(errno)};
    return {.text = {buffer.data(), size}, .obstacle = {}};
}

} // namespace

std::string read_obstacle(const std::filesystem::path& path) { return read_start(path).obstacle; }

FirstLine read_first_line(const std::filesystem::path& path) {
    FirstLine line = read_start(path);
    line.text.erase(std::min(line.text.find('\n'), line.text.size()));
    if (line.text.ends_with('\r')) line.text.pop_back();
    if (!line.obstacle.empty()) return line;
    if (line.text.empty()) return {.text = {}, .obstacle = "its first line is empty"};
    if (line.text.size() > longest_line)
        return {.text = {}, .obstacle = text("its first line is longer than ", longest_line, " bytes")};
    if (line.text.find('\0') != std::string::npos)
        return {.text = {}, .obstacle = "its first line contains a NUL byte"};
    return line;
}

} // namespace vbat
