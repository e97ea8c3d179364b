#include "runtime/host.hpp"

#include <systemd/sd-id128.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <fstream>
#include <iterator>
#include <memory>
#include <system_error>

namespace vbat {
namespace {

constexpr std::size_t id_digits = 12; // as many as a portal id has

// Venus OS: prints the portal id (docs/protocols/venus-os.md, Portal id).
std::string venus_unique_id() {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> pipe{popen("/sbin/get-unique-id", "re"), pclose};
    std::array<char, 64> line{};
    if (!pipe || std::fgets(line.data(), static_cast<int>(line.size()), pipe.get()) == nullptr) return {};
    std::string id{line.data()};
    id.erase(std::min(id.find_first_of(" \r\n"), id.size()));
    return id;
}

std::string digits_of(sd_id128_t id) {
    std::array<char, SD_ID128_STRING_MAX> digits{};
    return std::string{sd_id128_to_string(id, digits.data())}.substr(0, id_digits);
}

} // namespace

bool is_venus_os() { return std::filesystem::exists("/opt/victronenergy"); }

std::string installation_id() {
    if (is_venus_os())
        if (std::string id = venus_unique_id(); !id.empty()) return id;
    const sd_id128_t app = SD_ID128_MAKE(9d, 1c, 5b, 7e, 20, 46, 4f, 6a, 8e, 31, c0, 77, 52, ab, 1d, e4);
    sd_id128_t id{};
    if (sd_id128_get_machine_app_specific(app, &id) >= 0) return digits_of(id);
    if (sd_id128_randomize(&id) >= 0) return digits_of(id); // no machine id: unique, at least
    throw std::system_error{errno, std::generic_category(), "no machine id and no random numbers"};
}

std::string read_file(const std::filesystem::path& file) {
    std::ifstream in{file, std::ios::binary};
    std::string content{std::istreambuf_iterator<char>{in}, {}};
    if (!in) throw std::system_error{errno != 0 ? errno : EIO, std::generic_category(), file.string()};
    return content;
}

} // namespace vbat
