#include "publish/dbus_service.hpp"

#include "publish/bus_messages.hpp"
#include "runtime/bus.hpp"

#include <sdbus-c++/sdbus-c++.h>
#include <systemd/sd-bus.h>

#include <map>

namespace vbat {
namespace {

const std::string bus_item = "com.victronenergy.BusItem";
constexpr std::string_view no_description = "No description given"; // velib_python's words

// sdbus-c++ 1.2 hides its sd_bus*; a message knows it.
struct RawMessage : sdbus::Message {
    static sd_bus_message* of(sdbus::Message& message) {
        return static_cast<sd_bus_message*>(message.*(&RawMessage::msg_));
    }
};

std::string_view text_or_empty(const char* maybe) { return maybe != nullptr ? maybe : ""; }

std::string parent_of(const std::string& path) {
    const auto slash = path.rfind('/');
    return slash == 0 ? "/" : path.substr(0, slash);
}

struct SlotUnref {
    void operator()(sd_bus_slot* slot) const { sd_bus_slot_unref(slot); }
};
struct MessageUnref {
    void operator()(sd_bus_message* message) const { sd_bus_message_unref(message); }
};
using Reply = std::unique_ptr<sd_bus_message, MessageUnref>;

Reply reply_to(sd_bus_message* call) {
    sd_bus_message* reply = nullptr;
    if (sd_bus_message_new_method_return(call, &reply) < 0) throw std::runtime_error{"no reply could be made"};
    return Reply{reply};
}

void send(const Reply& reply) {
    if (sd_bus_send(nullptr, reply.get(), nullptr) < 0) throw std::runtime_error{"no reply could be sent"};
}

} // namespace

class DbusService::Impl {
public:
    Impl(EventLoop& loop, ItemTree& tree, std::string name)
        : tree_{tree}, name_{std::move(name)}, bus_{open_bus(loop)}, root_{sdbus::createObject(*bus_, "/")} {
        add_node_methods(*root_);
        root_->registerMethod(bus_item, "GetItems", "", "a{sa{sv}}", door());
        root_->registerSignal(bus_item, "ItemsChanged", "a{sa{sv}}");
        root_->finishRegistration();
        add_filter();
    }

    void flush() {
        const auto changes = tree_.take_changes();
        if (changes.empty()) return;
        for (const auto* item : changes) add_objects(*item);
        if (!owned_) return;
        auto signal = root_->createSignal(bus_item, "ItemsChanged");
        bus_message::append_items(RawMessage::of(signal), changes);
        root_->emitSignal(signal);
    }

    // A second name beside the service's own is harmless as long as no Victron program looks at it.
    void reserve() { request("dbus_virtual_battery." + name_.substr(name_.rfind('.') + 1)); }

    void own_name() {
        request(name_);
        owned_ = true;
    }

    void release_name() {
        try {
            bus_->releaseName(name_);
        } catch (const sdbus::Error& error) {
            throw std::runtime_error{"D-Bus does not take the name " + name_ + " back: " + error.getMessage()};
        }
        owned_ = false;
    }

    bool owns_name() const { return owned_; }

private:
    void request(const std::string& name) {
        try {
            bus_->requestName(name);
        } catch (const sdbus::Error& error) {
            if (error.getName() == "org.freedesktop.DBus.Error.FileExists")
                throw NameTaken{name_ + " is already taken: another instance with this device_instance is running"};
            throw std::runtime_error{"D-Bus refuses the name " + name + ": " + error.getMessage()};
        }
    }

    // Both doors lead to answer(): the vtables below, and the filter for what vtables refuse.
    sdbus::method_callback door() {
        return [this](sdbus::MethodCall call) {
            try {
                if (answer(RawMessage::of(call))) return;
            } catch (
                const std::exception& failure) { // sdbus-c++ passes only its own errors through libsystemd's frames
                throw sdbus::Error{"org.freedesktop.DBus.Error.Failed", failure.what()};
            }
            throw sdbus::Error{"org.freedesktop.DBus.Error.UnknownMethod", "not a method of this item"};
        };
    }

    void add_node_methods(sdbus::IObject& object) {
        object.registerMethod(bus_item, "GetValue", "", "v", door());
        object.registerMethod(bus_item, "GetText", "", "v", door());
    }

    // The object of the leaf, and those of the inner nodes above it.
    void add_objects(const ItemTree::Item& item) {
        if (objects_.contains(item.path)) return;
        auto leaf = sdbus::createObject(*bus_, item.path);
        leaf->registerMethod(bus_item, "GetValue", "", "v", door());
        leaf->registerMethod(bus_item, "GetText", "", "s", door());
        leaf->registerMethod(bus_item, "SetValue", "v", "i", door());
        leaf->registerMethod(bus_item, "GetDescription", "si", "s", door());
        leaf->finishRegistration();
        objects_.emplace(item.path, std::move(leaf));
        for (std::string node = parent_of(item.path); node != "/" && !objects_.contains(node); node = parent_of(node)) {
            auto object = sdbus::createObject(*bus_, node);
            add_node_methods(*object);
            object->finishRegistration();
            objects_.emplace(node, std::move(object));
        }
    }

    bool is_known(std::string_view path) const { return path == "/" || objects_.contains(path); }

    // False: not a method of this path.
    bool answer(sd_bus_message* call) {
        const std::string_view member = text_or_empty(sd_bus_message_get_member(call));
        const std::string_view path = text_or_empty(sd_bus_message_get_path(call));
        const auto* item = tree_.find(path);
        if (!is_known(path)) return false;
        const Reply reply = reply_to(call);
        if (member == "GetValue" || member == "GetText") append_answer(reply.get(), path, item, member == "GetText");
        else if (member == "SetValue" && item != nullptr) append_set_result(reply.get(), call, path);
        else if (member == "GetItems" && path == "/") bus_message::append_items(reply.get(), tree_.below("/"));
        else if (member == "GetDescription" && item != nullptr)
            bus_message::append_text(reply.get(), std::string{no_description});
        else return false;
        send(reply);
        return true;
    }

    void append_answer(sd_bus_message* reply, std::string_view path, const ItemTree::Item* item, bool text) const {
        if (item == nullptr) bus_message::append_node(reply, path, tree_.below(path), text);
        else if (text) bus_message::append_text(reply, text_of(item->value, item->form));
        else bus_message::append_value(reply, item->value);
    }

    void append_set_result(sd_bus_message* reply, sd_bus_message* call, std::string_view path) {
        const auto value = bus_message::read_value(call);
        const auto result = value ? tree_.write(path, *value) : SetResult::not_writable;
        if (sd_bus_message_append(reply, "i", static_cast<std::int32_t>(result)) < 0)
            throw std::runtime_error{"no reply"};
    }

    // velib_python's services answer calls without an interface header (VeDbusItemImport sends them) and SetValue with
    // an argument that is no variant (gui-v2's undefined); sd-bus vtables refuse both. A filter sees them first.
    void add_filter() {
        auto probe = root_->createSignal(bus_item, "ItemsChanged"); // never sent
        sd_bus_slot* slot = nullptr;
        if (sd_bus_add_filter(sd_bus_message_get_bus(RawMessage::of(probe)), &slot, on_message, this) < 0)
            throw std::runtime_error{"D-Bus: no filter could be added"};
        filter_.reset(slot);
    }

    static int on_message(sd_bus_message* call, void* self, sd_bus_error* error) noexcept {
        try {
            return static_cast<Impl*>(self)->answer_what_vtables_refuse(call, error);
        } catch (const std::exception& failure) { // nothing may unwind through libsystemd's frames
            return sd_bus_error_set(error, SD_BUS_ERROR_FAILED, failure.what());
        }
    }

    // 1: answered, 0: goes on to the vtables.
    int answer_what_vtables_refuse(sd_bus_message* call, sd_bus_error* error) {
        std::uint8_t type = 0;
        if (sd_bus_message_get_type(call, &type) < 0 || type != SD_BUS_MESSAGE_METHOD_CALL) return 0;
        const std::string_view interface = text_or_empty(sd_bus_message_get_interface(call));
        const bool bare_set = text_or_empty(sd_bus_message_get_member(call)) == "SetValue" &&
                              text_or_empty(sd_bus_message_get_signature(call, 1)) != "v";
        if (!interface.empty() && !(interface == bus_item && bare_set)) return 0;
        if (answer(call)) return 1;
        if (!is_known(text_or_empty(sd_bus_message_get_path(call)))) return 0;
        return sd_bus_error_set(error, SD_BUS_ERROR_UNKNOWN_METHOD, "not a method of this item");
    }

    ItemTree& tree_;
    std::string name_;
    std::unique_ptr<sdbus::IConnection> bus_;
    std::unique_ptr<sdbus::IObject> root_;
    std::map<std::string, std::unique_ptr<sdbus::IObject>, std::less<>> objects_{};
    std::unique_ptr<sd_bus_slot, SlotUnref> filter_{};
    bool owned_ = false;
};

DbusService::DbusService(EventLoop& loop, ItemTree& tree, std::string name)
    : impl_{std::make_unique<Impl>(loop, tree, std::move(name))} {}
DbusService::~DbusService() = default;
void DbusService::flush() { impl_->flush(); }
void DbusService::reserve() { impl_->reserve(); }
void DbusService::own_name() { impl_->own_name(); }
void DbusService::release_name() { impl_->release_name(); }
bool DbusService::owns_name() const { return impl_->owns_name(); }

} // namespace vbat
