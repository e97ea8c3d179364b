#pragma once

#include "core/aggregate.hpp"
#include "publish/item_tree.hpp"

#include <array>

namespace vbat {

struct BatteryIdentity {
    std::string product_name{};
    std::string connection{}; // /Mgmt/Connection: how the battery is reached
    int device_instance{};
    Coupling coupling{Coupling::dc};
    bool is_device{}; // one real battery: its own model, firmware and serial number are shown where it tells them
};

// A bank as the items of com.victronenergy.battery (docs/protocols/venus-dbus.md, Paths): the fixed ones, one per row
// of battery_fields, and the members where there are several.
class BatteryItems {
public:
    using RenameHandler = std::function<void(const std::string& name)>;

    BatteryItems(ItemTree& tree, const BatteryIdentity& identity, RenameHandler renamed);

    void show(const Bank& bank);
    void set_instance(int instance) { tree_.set(instance_, std::int32_t{instance}); }
    void set_custom_name(const std::string& stored); // empty: the product name

private:
    struct MemberItems {
        ItemTree::Id state, power, voltage, current, soc, ac_power, model, device_state, alarm_words, possible_alarms;
    };

    void show_device(const BatterySample& total);
    void show_field(std::size_t field, const BatterySample& total);
    void show_members(const std::vector<MemberReport>& members);
    MemberItems add_member(std::size_t index, const std::string& name);

    ItemTree& tree_;
    std::string product_name_;
    Coupling coupling_;
    bool is_device_;
    ItemTree::Id instance_{};
    ItemTree::Id custom_name_{};
    std::optional<ItemTree::Id> serial_{};
    std::array<std::optional<ItemTree::Id>, battery_fields.size()> fields_{};
    std::vector<MemberItems> members_{};
};

} // namespace vbat
