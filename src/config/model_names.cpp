#include "config/model_names.hpp"

#include "config/utf8.hpp"
#include "device/catalogue.hpp"
#include "runtime/text.hpp"

#include <algorithm>

namespace vbat {
namespace {

constexpr std::string_view any = "auto";

std::vector<std::string_view> families() {
    std::vector<std::string_view> all;
    for (const ModbusModel* model : modbus_models())
        if (std::ranges::find(all, model->family) == all.end()) all.push_back(model->family);
    return all;
}

void append(std::string& list, std::string_view separator, std::string_view item) {
    if (!list.empty()) list += separator;
    list += item;
}

} // namespace

std::string family_names() {
    std::string all;
    for (const auto family : families()) append(all, " or ", family);
    return all;
}

std::string variant_names() {
    std::string all;
    for (const auto family : families()) append(all, ", ", text(variants_of(family), " (", family, ')'));
    return all;
}

std::string variants_of(std::string_view family) {
    std::string all;
    for (const ModbusModel* model : modbus_models())
        if (model->family == family) append(all, ", ", model->variant);
    return all;
}

std::vector<std::string_view> families_with(std::string_view variant) {
    std::vector<std::string_view> all;
    for (const ModbusModel* model : modbus_models())
        if (model->variant == variant) all.push_back(model->family);
    return all;
}

std::string family_mistake(const std::string& text, const std::string& shown) {
    const std::string word = lower(text);
    if (word == any || !variants_of(word).empty()) return "";
    return vbat::text(shown, " is not ", any, ", ", family_names());
}

std::string model_mistake(const std::string& text, const std::string& shown) {
    const std::string word = lower(text);
    if (word == any || !families_with(word).empty()) return "";
    return vbat::text(shown, " is none of ", any, ", ", variant_names());
}

} // namespace vbat
