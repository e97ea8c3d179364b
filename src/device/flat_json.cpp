#include "device/flat_json.hpp"

#include <nlohmann/json.hpp>

#include <cmath>
#include <cstdlib>
#include <unordered_map>

namespace vbat {
namespace {

using nlohmann::json;

// Marks a token that quote_unusable() made a string of; no sender writes such a text.
constexpr char unusable_mark = '\x01';

// Receives the parser's events; false ends the parse.
class Flattener final : public nlohmann::json_sax<json> {
public:
    FlatJson result{};

    bool null() override { return leaf(JsonNull{}); }
    bool boolean(bool value) override { return leaf(value); }
    bool number_integer(number_integer_t value) override { return leaf(static_cast<double>(value)); }
    bool number_unsigned(number_unsigned_t value) override { return leaf(static_cast<double>(value)); }
    bool number_float(number_float_t value, const string_t&) override { return leaf(value); }
    bool binary(binary_t&) override { return leaf(Unusable{"binary data"}); }
    bool string(string_t& value) override {
        if (!value.empty() && value.front() == unusable_mark) return leaf(Unusable{value.substr(1)});
        return leaf(std::move(value));
    }

    bool start_object(std::size_t) override {
        path_ends_.push_back(path_.size());
        return enter();
    }
    bool end_object() override {
        path_.resize(path_ends_.back());
        path_ends_.pop_back();
        return leave();
    }
    bool key(string_t& name) override {
        path_.resize(path_ends_.back());
        path_ += '/';
        path_ += std::string_view{name}.substr(std::min(name.find_first_not_of('/'), name.size()));
        return true;
    }

    bool start_array(std::size_t) override {
        if (path_ends_.empty()) return fail("not a JSON object");
        if (lists_ == 0 && !leaf(Unusable{"a list"})) return false;
        ++lists_;
        return enter();
    }
    bool end_array() override {
        --lists_;
        return leave();
    }

    bool parse_error(std::size_t position, const std::string&, const nlohmann::detail::exception&) override {
        return fail("not JSON: syntax error at character " + std::to_string(position));
    }

private:
    bool fail(std::string why) {
        result = {.entries = {}, .duplicates = {}, .error = std::move(why)};
        return false;
    }

    bool enter() {
        if (++depth_ > max_json_depth) return fail("nested deeper than " + std::to_string(max_json_depth) + " levels");
        return true;
    }

    bool leave() {
        --depth_;
        return true;
    }

    bool leaf(JsonLeaf value) {
        if (path_ends_.empty()) return fail("not a JSON object");
        if (lists_ > 0) return true; // inside a list, which is one Unusable leaf
        const auto [known, is_new] = index_.try_emplace(path_, result.entries.size());
        if (!is_new) {
            result.entries[known->second].value = std::move(value);
            result.duplicates.push_back(path_);
            return true;
        }
        if (result.entries.size() == max_json_keys) return fail("more than " + std::to_string(max_json_keys) + " keys");
        result.entries.push_back({path_, std::move(value)});
        return true;
    }

    std::string path_{};
    std::vector<std::size_t> path_ends_{}; // length of path_ before each open object
    int depth_ = 0;
    int lists_ = 0;
    std::unordered_map<std::string, std::size_t> index_{};
};

bool is_token_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.';
}

bool is_unusable(const std::string& token) {
    if (token == "NaN" || token == "Infinity" || token == "-Infinity") return true;
    char* end = nullptr;
    const double value = std::strtod(token.c_str(), &end);
    const bool number = end == token.c_str() + token.size() && std::isdigit(static_cast<unsigned char>(token.back()));
    return number && std::isinf(value);
}

// Index just behind the string that begins at `begin`.
std::size_t string_end(std::string_view json_text, std::size_t begin) {
    std::size_t i = begin + 1;
    while (i < json_text.size() && json_text[i] != '"') i += json_text[i] == '\\' ? 2U : 1U;
    return std::min(i + 1, json_text.size());
}

std::string quote_unusable(std::string_view json_text) {
    std::string quoted;
    for (std::size_t i = 0; i < json_text.size();) {
        std::size_t end = i + 1;
        if (json_text[i] == '"') end = string_end(json_text, i);
        else if (is_token_character(json_text[i]))
            while (end < json_text.size() && is_token_character(json_text[end])) ++end;
        const std::string token{json_text.substr(i, end - i)};
        if (is_token_character(json_text[i]) && is_unusable(token)) quoted += "\"\\u0001" + token + '"';
        else quoted += token;
        i = end;
    }
    return quoted;
}

FlatJson parse(std::string_view payload) {
    Flattener flattener;
    json::sax_parse(payload, &flattener);
    return std::move(flattener.result);
}

} // namespace

FlatJson flatten_json(std::string_view payload) {
    if (payload.find_first_not_of(" \t\r\n") == std::string_view::npos) return {.error = "empty message"};
    FlatJson flat = parse(payload);
    if (!flat.error) return flat;
    // Rare, so only now: the text may be JSON but for Python's extras. The first error is the better one to report.
    FlatJson again = parse(quote_unusable(payload));
    return again.error ? flat : again;
}

} // namespace vbat
