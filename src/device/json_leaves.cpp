#include "device/json_leaves.hpp"

#include <nlohmann/json.hpp>

#include <algorithm>
#include <cctype>
#include <cmath>
#include <cstdlib>
#include <vector>

namespace vbat {
namespace {

using nlohmann::json;

// Marks a token that with_unusable_quoted() made a string of; no sender writes such a text.
constexpr char unusable_mark = '\x01';

// Receives the parser's events; false ends the parse.
class Walker final : public nlohmann::json_sax<json> {
public:
    explicit Walker(const TakeLeaf& take) : take_{take} {}

    std::optional<std::string> error{};

    bool null() override { return leaf(JsonNull{}); }
    bool boolean(bool value) override { return leaf(value); }
    bool number_integer(number_integer_t value) override { return leaf(static_cast<double>(value)); }
    bool number_unsigned(number_unsigned_t value) override { return leaf(static_cast<double>(value)); }
    bool number_float(number_float_t value, const string_t&) override { return leaf(value); }
    bool binary(binary_t&) override { return leaf(Unusable{"binary data"}); }
    bool string(string_t& value) override {
        const std::string_view text = value;
        if (text.starts_with(unusable_mark)) return leaf(Unusable{text.substr(1)});
        return leaf(text);
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
        if (name.size() > longest_json_key)
            return fail("a key of more than " + std::to_string(longest_json_key) + " characters");
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
        error = std::move(why);
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

    bool leaf(const JsonLeaf& value) {
        if (path_ends_.empty()) return fail("not a JSON object");
        if (lists_ > 0) return true; // inside a list, which is one Unusable leaf
        if (++keys_ > max_json_keys) return fail("more than " + std::to_string(max_json_keys) + " keys");
        take_(path_, value);
        return true;
    }

    const TakeLeaf& take_;
    std::string path_{};
    std::vector<std::size_t> path_ends_{}; // length of path_ before each open object
    int depth_ = 0;
    int lists_ = 0;
    int keys_ = 0;
};

bool is_token_character(char c) {
    return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '-' || c == '+' || c == '.';
}

bool is_unusable(const std::string& token) {
    if (token == "NaN" || token == "Infinity" || token == "-Infinity") return true;
    char* end = nullptr;
    const double value = std::strtod(token.c_str(), &end);
    const bool number =
        end == token.c_str() + token.size() && std::isdigit(static_cast<unsigned char>(token.back())) != 0;
    return number && std::isinf(value);
}

// Index just behind the string that begins at `begin`.
std::size_t string_end(std::string_view text, std::size_t begin) {
    std::size_t i = begin + 1;
    while (i < text.size() && text[i] != '"') i += text[i] == '\\' ? 2U : 1U;
    return std::min(i + 1, text.size());
}

} // namespace

std::optional<std::string> for_each_leaf(std::string_view text, const TakeLeaf& take) {
    if (text.find_first_not_of(" \t\r\n") == std::string_view::npos) return "empty message";
    Walker walker{take};
    json::sax_parse(text, &walker);
    return std::move(walker.error);
}

std::string with_unusable_quoted(std::string_view text) {
    std::string quoted;
    for (std::size_t i = 0; i < text.size();) {
        std::size_t end = i + 1;
        if (text[i] == '"') end = string_end(text, i);
        else if (is_token_character(text[i]))
            while (end < text.size() && is_token_character(text[end])) ++end;
        const std::string token{text.substr(i, end - i)};
        if (is_token_character(text[i]) && is_unusable(token)) quoted += "\"\\u0001" + token + '"';
        else quoted += token;
        i = end;
    }
    return quoted;
}

} // namespace vbat
