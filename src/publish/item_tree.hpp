#pragma once

#include "core/battery_fields.hpp"

#include <deque>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

namespace vbat {

// How a value is written for people: 52.70V, 63%, 0xFFFF, --- when it is invalid.
struct TextForm {
    int decimals = 0;
    const char* unit = "";
    bool hexadecimal = false;
};
std::string text_of(const Value& value, const TextForm& form);

// What SetValue answers; clients only test for 0 (docs/protocols/venus-dbus.md, SetValue).
enum class SetResult : std::int32_t { taken = 0, not_writable = 1, refused = 2 };

// The BusItems of one service: leaves by path, and what changed since it was last told. Pure; the D-Bus side is
// DbusService.
class ItemTree {
public:
    using Write = std::function<SetResult(const Value&)>; // asked before a client's value is taken

    struct Item {
        std::string path;
        Value value;
        TextForm form;
        Write write{};
        bool changed = true; // a path that appears is a change
    };
    using Id = std::size_t;

    // `path` must be new; a path has the same type for ever.
    Id add(std::string path, Value value, TextForm form = {}, Write write = {});
    void set(Id item, Value value);
    void set(std::string_view path, Value value) { set(by_path_.find(path)->second, std::move(value)); } // it exists
    SetResult write(std::string_view path, const Value& value); // as a client does

    const Item* find(std::string_view path) const;
    const std::deque<Item>& items() const { return items_; }
    std::vector<const Item*> below(std::string_view node) const; // "/" : all of them
    std::vector<const Item*> take_changes();
    bool has_changes() const { return !changed_.empty(); }

private:
    std::deque<Item> items_; // stable addresses
    std::map<std::string, Id, std::less<>> by_path_;
    std::vector<Id> changed_;
};

} // namespace vbat
