#include "app/tool_request.hpp"

#include "app/battery_tools.hpp"
#include "runtime/text.hpp"

#include <algorithm>
#include <charconv>
#include <string_view>
#include <utility>

namespace vbat {
namespace {

constexpr std::pair<Command, std::string_view> names[] = {
    {Command::scan, "scan"},
    {Command::set_id, "set-id"},
    {Command::read, "read"},
};

std::optional<int> number_in(const std::string& word) {
    int number = 0;
    const auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
    if (error != std::errc{} || end != word.data() + word.size()) return std::nullopt;
    return number;
}

bool is_unit(int id) { return id >= 1 && id <= 255; }

} // namespace

std::vector<std::string> to_words(const ToolRequest& request) {
    const auto* const command = std::ranges::find(names, request.command, &std::pair<Command, std::string_view>::first);
    return {std::string{command->second}, request.address, std::to_string(request.first),
            std::to_string(request.second), request.name};
}

std::optional<ToolRequest> request_from(const std::vector<std::string>& words) {
    if (words.size() != 5) return std::nullopt;
    const auto* const command =
        std::ranges::find(names, std::string_view{words[0]}, &std::pair<Command, std::string_view>::second);
    const auto first = number_in(words[2]);
    const auto second = number_in(words[3]);
    if (command == std::end(names) || !first || !second) return std::nullopt;
    if (command->first != Command::read && (!is_unit(*first) || !is_unit(*second))) return std::nullopt;
    return ToolRequest{command->first, words[1], *first, *second, words[4]};
}

ToolOutcome run(const ToolRequest& request, ModbusPort& port) try {
    if (request.command == Command::set_id) return {0, change_unit_id(port, request.first, request.second)};
    return {0, to_text(scan_units(port, request.first, request.second), request.address)};
} catch (const ToolRefusal& refusal) {
    return {1, text(refusal.what(), '\n')};
} catch (const ModbusError& error) {
    return {1, text(error.what(), '\n')};
}

} // namespace vbat
