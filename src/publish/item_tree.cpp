#include "publish/item_tree.hpp"

#include <array>
#include <charconv>
#include <stdexcept>

namespace vbat {
namespace {

template <class... Format>
std::string digits(auto value, Format... format) {
    std::array<char, 400> buffer{}; // the longest double in fixed form has 309 digits before the point
    const auto end = std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, format...).ptr;
    return {buffer.data(), end};
}

std::string upper(std::string text) {
    for (char& letter : text) letter = static_cast<char>(std::toupper(static_cast<unsigned char>(letter)));
    return text;
}

} // namespace

std::string text_of(const Value& value, const TextForm& form) {
    if (const auto* number = std::get_if<double>(&value)) {
        std::string text = digits(*number, std::chars_format::fixed, form.decimals);
        if (text.starts_with('-') && text.find_first_not_of("-0.") == std::string::npos) text.erase(0, 1); // -0.0
        return text + form.unit;
    }
    if (const auto* whole = std::get_if<std::int32_t>(&value))
        return form.hexadecimal ? "0x" + upper(digits(*whole, 16)) : digits(*whole) + form.unit;
    if (const auto* text = std::get_if<std::string>(&value)) return *text;
    return "---";
}

ItemTree::Id ItemTree::add(std::string path, Value value, TextForm form, Write write) {
    const Id id = items_.size();
    if (!by_path_.emplace(path, id).second) throw std::logic_error{"path added twice: " + path};
    items_.push_back({std::move(path), std::move(value), form, std::move(write)});
    changed_.push_back(id);
    return id;
}

void ItemTree::set(Id id, Value value) {
    Item& item = items_[id];
    if (item.value == value) return;
    item.value = std::move(value);
    if (!item.changed) changed_.push_back(id);
    item.changed = true;
}

SetResult ItemTree::write(std::string_view path, const Value& value) {
    const auto found = by_path_.find(path);
    if (found == by_path_.end() || !items_[found->second].write) return SetResult::not_writable;
    if (items_[found->second].value == value) return SetResult::taken;
    return items_[found->second].write(value);
}

const ItemTree::Item* ItemTree::find(std::string_view path) const {
    const auto found = by_path_.find(path);
    return found == by_path_.end() ? nullptr : &items_[found->second];
}

std::vector<const ItemTree::Item*> ItemTree::below(std::string_view node) const {
    std::string prefix{node};
    if (!prefix.ends_with('/')) prefix += '/';
    std::vector<const Item*> found;
    for (auto leaf = by_path_.lower_bound(prefix); leaf != by_path_.end() && leaf->first.starts_with(prefix); ++leaf)
        found.push_back(&items_[leaf->second]);
    return found;
}

std::vector<const ItemTree::Item*> ItemTree::take_changes() {
    std::vector<const Item*> changes;
    for (const Id id : changed_) {
        items_[id].changed = false;
        changes.push_back(&items_[id]);
    }
    changed_.clear();
    return changes;
}

} // namespace vbat
