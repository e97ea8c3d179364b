#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace vbat {

// What `family =` and `model =` select besides auto.
std::vector<std::string_view> families_with(std::string_view variant);

// For the user.
std::string family_names();                       // "v12 or v3"
std::string variant_names();                      // "e, c (v12), ..."
std::string variants_of(std::string_view family); // "e, c"
std::string family_mistake(const std::string& text, const std::string& shown);
std::string model_mistake(const std::string& text, const std::string& shown);

} // namespace vbat
