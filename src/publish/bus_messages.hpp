#pragma once

#include "publish/item_tree.hpp"

#include <optional>
#include <vector>

struct sd_bus_message;

// Items in D-Bus messages. Written on sd-bus itself: a third of the time of sdbus::Variant maps, and the same code
// serves calls that come through a vtable and calls that only a filter sees. All throw std::system_error.
namespace vbat::bus_message {

void append_value(sd_bus_message* message, const Value& value);                              // v
void append_text(sd_bus_message* message, const std::string& text);                          // s
void append_items(sd_bus_message* message, const std::vector<const ItemTree::Item*>& items); // a{sa{sv}}

// GetValue and GetText of an inner node: a variant of a{sv} or a{ss}, paths relative to `node`.
void append_node(sd_bus_message* message, std::string_view node, const std::vector<const ItemTree::Item*>& items,
                 bool texts);

// The argument of SetValue, in a variant or bare. An empty array is Victron's invalid; nullopt: a type no item has.
std::optional<Value> read_value(sd_bus_message* message);

} // namespace vbat::bus_message
