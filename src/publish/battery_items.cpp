#include "publish/battery_items.hpp"

namespace vbat {
namespace {

constexpr std::int32_t product_id = 0xFFFF; // not in any table of Victron's programs: no quirks of another make
constexpr std::size_t longest_name = 255;

struct FixedRow {
    const char* path{};
    Value (*value)(const BatteryIdentity&){};
    TextForm form{};
};

const FixedRow fixed_rows[] = {
    {"/Mgmt/ProcessName", [](const BatteryIdentity&) -> Value { return "dbus-virtual-battery"; }},
    {"/Mgmt/ProcessVersion", [](const BatteryIdentity&) -> Value { return VBAT_VERSION; }},
    {"/Mgmt/Connection", [](const BatteryIdentity& battery) -> Value { return battery.connection; }},
    {"/ProductId", [](const BatteryIdentity&) -> Value { return product_id; }, {.hexadecimal = true}},
    {"/ProductName", [](const BatteryIdentity& battery) -> Value { return battery.product_name; }},
    {"/FirmwareVersion", [](const BatteryIdentity&) -> Value { return VBAT_VERSION; }},
    {"/HardwareVersion", [](const BatteryIdentity&) -> Value { return {}; }},
    {"/Connected", [](const BatteryIdentity&) -> Value { return std::int32_t{1}; }},
};

const char* name_of(MemberState state) {
    switch (state) {
    case MemberState::waiting:
        return "waiting";
    case MemberState::online:
        return "online";
    case MemberState::stale:
        break;
    }
    return "stale";
}

template <class Unit>
Value value_of(const Maybe<Quantity<Unit>>& quantity) {
    return quantity ? Value{quantity->value} : Value{};
}

Value value_of(const Maybe<std::string>& text) { return text ? Value{*text} : Value{}; }

TextForm form_of(const Field& field) { return {.decimals = field.decimals, .unit = field.unit}; }

} // namespace

BatteryItems::BatteryItems(ItemTree& tree, const BatteryIdentity& identity, RenameHandler renamed)
    : tree_{tree}, product_name_{identity.product_name}, coupling_{identity.coupling}, is_device_{identity.is_device} {
    for (const auto& [path, value, form] : fixed_rows) tree_.add(path, value(identity), form);
    instance_ = tree_.add("/DeviceInstance", std::int32_t{identity.device_instance});
    if (coupling_ == Coupling::ac) tree_.add("/Mgmt/InsecureConnection", std::int32_t{1});
    const auto rename = [this, renamed = std::move(renamed)](const Value& value) {
        const auto* name = std::get_if<std::string>(&value);
        if (name == nullptr || name->size() > longest_name) return SetResult::refused;
        set_custom_name(*name);
        renamed(*name);
        return SetResult::taken;
    };
    custom_name_ = tree_.add("/CustomName", product_name_, {}, rename);
}

void BatteryItems::set_custom_name(const std::string& stored) {
    tree_.set(custom_name_, stored.empty() ? product_name_ : stored);
}

void BatteryItems::show(const Bank& bank) {
    for (std::size_t field = 0; field < battery_fields.size(); ++field) show_field(field, bank.total);
    if (bank.members.size() > 1) show_members(bank.members);
    if (is_device_) show_device(bank.total);
}

void BatteryItems::show_device(const BatterySample& total) {
    if (total.device_model) tree_.set("/ProductName", *total.device_model);
    if (total.device_firmware) tree_.set("/FirmwareVersion", *total.device_firmware);
    if (!total.device_serial) return;
    if (!serial_) serial_ = tree_.add("/Serial", {});
    tree_.set(*serial_, *total.device_serial);
}

void BatteryItems::show_field(std::size_t index, const BatterySample& total) {
    const Field& field = battery_fields[index];
    if (coupling_ == Coupling::ac && field.beside == Beside::own_dc_system) return;
    Value value = field.load(total);
    auto& item = fields_[index];
    const bool invalid = std::holds_alternative<std::monostate>(value);
    if (item) tree_.set(*item, std::move(value));
    else if (!invalid || field.shown == Shown::always)
        item = tree_.add(std::string{std::string_view{field.path}}, std::move(value), form_of(field));
}

BatteryItems::MemberItems BatteryItems::add_member(std::size_t index, const std::string& name) {
    const std::string folder = "/Members/" + std::to_string(index);
    tree_.add(folder + "/Name", name);
    return {.state = tree_.add(folder + "/State", {}),
            .power = tree_.add(folder + "/Power", {}, {0, "W"}),
            .voltage = tree_.add(folder + "/Voltage", {}, {2, "V"}),
            .current = tree_.add(folder + "/Current", {}, {1, "A"}),
            .soc = tree_.add(folder + "/Soc", {}, {0, "%"}),
            .ac_power = tree_.add(folder + "/AcPower", {}, {0, "W"}),
            .model = tree_.add(folder + "/Model", {}),
            .device_state = tree_.add(folder + "/DeviceState", {}),
            .alarm_words = tree_.add(folder + "/AlarmWords", {}),
            .possible_alarms = tree_.add(folder + "/PossibleAlarms", {})};
}

void BatteryItems::show_members(const std::vector<MemberReport>& members) {
    for (std::size_t i = 0; i < members.size(); ++i) {
        const MemberReport& member = members[i];
        if (i == members_.size()) members_.push_back(add_member(i, member.name));
        const MemberItems& items = members_[i];
        tree_.set(items.state, name_of(member.state));
        tree_.set(items.power, value_of(member.power));
        tree_.set(items.voltage, value_of(member.voltage));
        tree_.set(items.current, value_of(member.current));
        tree_.set(items.soc, value_of(member.soc));
        tree_.set(items.ac_power, value_of(member.ac_power));
        tree_.set(items.model, value_of(member.model));
        tree_.set(items.device_state, value_of(member.device_state));
        tree_.set(items.alarm_words, value_of(member.alarm_words));
        tree_.set(items.possible_alarms, value_of(member.possible_alarms));
    }
}

} // namespace vbat
