#include "publish/bus_messages.hpp"

#include <systemd/sd-bus.h>

#include <system_error>

namespace vbat::bus_message {
namespace {

int checked(int result) {
    if (result < 0) throw std::system_error{-result, std::generic_category(), "D-Bus message"};
    return result;
}

// Opens a container for the life of a scope.
template <class Body>
void in_container(sd_bus_message* message, char type, const char* contents, Body body) {
    checked(sd_bus_message_open_container(message, type, contents));
    body();
    checked(sd_bus_message_close_container(message));
}

void append_entry(sd_bus_message* message, const char* key, const Value& value) {
    in_container(message, 'e', "sv", [&] {
        checked(sd_bus_message_append_basic(message, 's', key));
        append_value(message, value);
    });
}

void append_item(sd_bus_message* message, const ItemTree::Item& item) {
    in_container(message, 'e', "sa{sv}", [&] {
        append_text(message, item.path);
        in_container(message, 'a', "{sv}", [&] {
            append_entry(message, "Value", item.value);
            append_entry(message, "Text", text_of(item.value, item.form));
        });
    });
}

std::string relative(const std::string& path, std::string_view node) {
    return path.substr(node == "/" ? 1 : node.size() + 1);
}

template <class T>
T read_basic(sd_bus_message* message, char type) {
    T value{};
    checked(sd_bus_message_read_basic(message, type, &value));
    return value;
}

template <class T>
Value read_whole(sd_bus_message* message, char type) {
    const auto value = read_basic<T>(message, type);
    if (std::in_range<std::int32_t>(value)) return static_cast<std::int32_t>(value);
    return static_cast<double>(value);
}

std::optional<Value> read_bare(sd_bus_message* message, char type) {
    switch (type) {
    case 'd':
        return read_basic<double>(message, type);
    case 's':
    case 'o':
    case 'g':
        return std::string{read_basic<const char*>(message, type)};
    case 'b':
        return read_whole<int>(message, type);
    case 'y':
        return read_whole<std::uint8_t>(message, type);
    case 'n':
        return read_whole<std::int16_t>(message, type);
    case 'q':
        return read_whole<std::uint16_t>(message, type);
    case 'i':
        return read_whole<std::int32_t>(message, type);
    case 'u':
        return read_whole<std::uint32_t>(message, type);
    case 'x':
        return read_whole<std::int64_t>(message, type);
    case 't':
        return read_whole<std::uint64_t>(message, type);
    default:
        return std::nullopt;
    }
}

} // namespace

void append_value(sd_bus_message* message, const Value& value) {
    if (const auto* number = std::get_if<double>(&value)) checked(sd_bus_message_append(message, "v", "d", *number));
    else if (const auto* whole = std::get_if<std::int32_t>(&value))
        checked(sd_bus_message_append(message, "v", "i", *whole));
    else if (const auto* text = std::get_if<std::string>(&value))
        checked(sd_bus_message_append(message, "v", "s", text->c_str()));
    else checked(sd_bus_message_append(message, "v", "ai", 0)); // what Victron takes for invalid
}

void append_text(sd_bus_message* message, const std::string& text) {
    checked(sd_bus_message_append_basic(message, 's', text.c_str()));
}

void append_items(sd_bus_message* message, const std::vector<const ItemTree::Item*>& items) {
    in_container(message, 'a', "{sa{sv}}", [&] {
        for (const auto* item : items) append_item(message, *item);
    });
}

void append_node(sd_bus_message* message, std::string_view node, const std::vector<const ItemTree::Item*>& items,
                 bool texts) {
    const auto append_leaf = [&](const ItemTree::Item& item) {
        append_text(message, relative(item.path, node));
        if (texts) append_text(message, text_of(item.value, item.form));
        else append_value(message, item.value);
    };
    in_container(message, 'v', texts ? "a{ss}" : "a{sv}", [&] {
        in_container(message, 'a', texts ? "{ss}" : "{sv}", [&] {
            for (const auto* item : items) in_container(message, 'e', texts ? "ss" : "sv", [&] { append_leaf(*item); });
        });
    });
}

std::optional<Value> read_value(sd_bus_message* message) {
    char type = 0;
    const char* contents = nullptr;
    if (checked(sd_bus_message_peek_type(message, &type, &contents)) == 0) return std::nullopt; // no argument
    if (type == 'v') {
        checked(sd_bus_message_enter_container(message, 'v', contents));
        return read_value(message);
    }
    if (type != 'a') return read_bare(message, type);
    checked(sd_bus_message_enter_container(message, 'a', contents));
    if (checked(sd_bus_message_at_end(message, 0)) > 0) return Value{};
    return std::nullopt;
}

} // namespace vbat::bus_message
