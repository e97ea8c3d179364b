#include "tools/simulator/registers.hpp"

#include <algorithm>
#include <cmath>

namespace vbat::sim {
namespace {

using namespace std::chrono_literals;

// Signed and unsigned alike: a negative number is its two's complement.
std::uint16_t cut(double raw, const RegisterRow& row, std::uint16_t address) {
    const auto bits = static_cast<std::uint32_t>(static_cast<std::int64_t>(std::llround(raw)));
    const bool high = row.words == 2 && address == row.address;
    return static_cast<std::uint16_t>(high ? bits >> 16 : bits);
}

std::uint16_t letters(const std::string& text, std::size_t word) {
    const auto letter = [&text](std::size_t i) { return i < text.size() ? static_cast<unsigned char>(text[i]) : 0; };
    return static_cast<std::uint16_t>(letter(2 * word) << 8 | letter(2 * word + 1));
}

std::optional<std::uint16_t> faulty(const Battery& battery, const RegisterRow& row, TimePoint now) {
    const FaultPanel& faults = battery.faults();
    const bool bms_gone = faults.until(Fault::soc_glitch, now).has_value();
    if (bms_gone && (row.kind == Kind::soc || row.kind == Kind::charge_limit)) return 0;
    if (!faults.on(Fault::out_of_range)) return std::nullopt;
    if (row.kind == Kind::voltage) return 0xFFFF;
    if (row.kind == Kind::temperature) return 0x7FFF;
    if (row.kind == Kind::soc) return cut(500 / row.scale, row, row.address);
    return std::nullopt;
}

// Two samples pass before a real one notices that its BMS is gone.
std::uint16_t bms_bit(const Battery& battery, std::uint16_t address, TimePoint now) {
    constexpr std::uint16_t bms_offline = 1 << 4;
    const FaultPanel& faults = battery.faults();
    const bool noticed = faults.until(Fault::soc_glitch, now) && now - faults.since(Fault::soc_glitch) >= 15s;
    return address == 36100 && noticed ? bms_offline : 0;
}

struct Range {
    std::uint16_t first{};
    std::uint16_t last{};
    bool also_reading{};
};
constexpr Range forbidden[]{
    {38000, 39014, true}, {40000, 40000, true},  {41001, 41001, false}, {41500, 41531, true},
    {41600, 41631, true}, {44100, 44100, false}, {45000, 45031, true},  {46000, 46000, true},
};

} // namespace

bool is_forbidden(std::uint16_t address, bool writing) {
    return std::any_of(std::begin(forbidden), std::end(forbidden), [=](const Range& range) {
        return address >= range.first && address <= range.last && (writing || range.also_reading);
    });
}

RegisterMap::RegisterMap(const DeviceModel& model) {
    const auto family = model.family == Family::v12 ? v12_rows() : v3_rows();
    rows_.assign(family.begin(), family.end());
    const auto add = [this](const auto& rows) { rows_.insert(rows_.end(), rows.begin(), rows.end()); };
    add(shared_rows());
    add(slot_rows());
    add(pack_rows(model));
    const auto by_address = [](const RegisterRow& a, const RegisterRow& b) { return a.address < b.address; };
    std::sort(rows_.begin(), rows_.end(), by_address);
}

const RegisterRow* RegisterMap::at(std::uint16_t address) const {
    const auto after =
        std::upper_bound(rows_.begin(), rows_.end(), address,
                         [](std::uint16_t wanted, const RegisterRow& row) { return wanted < row.address; });
    if (after == rows_.begin()) return nullptr;
    const RegisterRow& row = *std::prev(after);
    return address < row.address + row.words ? &row : nullptr;
}

std::uint16_t RegisterMap::word(const Battery& battery, std::uint16_t address, TimePoint now) const {
    const RegisterRow* row = at(address);
    if (row == nullptr) return 0;
    if (row->text != nullptr) return letters(row->text(battery), static_cast<std::size_t>(address - row->address));
    if (const auto wrong = faulty(battery, *row, now)) return *wrong;
    const auto word = cut(row->value(battery, row->argument) / row->scale, *row, address);
    return static_cast<std::uint16_t>(word | bms_bit(battery, address, now));
}

} // namespace vbat::sim
