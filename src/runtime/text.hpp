#pragma once

#include <sstream>
#include <string>

namespace vbat {

// "line 4: port: '99999' is not a number" out of its parts. gcc 12 has no std::format.
template <class... Parts>
std::string text(const Parts&... parts) {
    std::ostringstream out;
    (out << ... << parts);
    return std::move(out).str();
}

} // namespace vbat
