#pragma once

#include "tools/simulator/battery.hpp"

#include <optional>

namespace vbat::sim {

// What a faulty device would do with the value.
enum class Kind { plain, voltage, temperature, soc, charge_limit, total };

// A register: where it stands and what it says. Signs are those of the device.
struct RegisterRow {
    std::uint16_t address{};
    std::uint16_t words{1};
    double scale{1}; // raw = value / scale; two words: high first
    Kind kind{Kind::plain};
    double (*value)(const Battery& battery, int argument) = nullptr;
    std::string (*text)(const Battery& battery) = nullptr; // instead: two characters a word, high first
    int argument{};                                        // of the value: which pack, slot or word
    int least{};                                           // what may be written; others are exception 3
    int most{};
    bool (*write)(Battery& battery, int argument, std::uint16_t value) = nullptr; // false: exception 3
};

// All registers of one battery, by address.
class RegisterMap {
public:
    explicit RegisterMap(const DeviceModel& model);

    const RegisterRow* at(std::uint16_t address) const; // the row that holds this address

    std::uint16_t word(const Battery& battery, std::uint16_t address, TimePoint now) const; // 0 where nothing is

private:
    std::vector<RegisterRow> rows_;
};

// The rows of one family; those of packs and slots are made by the map.
std::span<const RegisterRow> v12_rows();
std::span<const RegisterRow> v3_rows();
std::span<const RegisterRow> shared_rows(); // settings and words both have
std::vector<RegisterRow> pack_rows(const DeviceModel& model);
std::vector<RegisterRow> slot_rows();

std::string mac_of(const Battery& battery); // 0200000000xx, its number in the house

// Reading or writing these harms a real one: they answer with an exception here, and are counted.
bool is_forbidden(std::uint16_t address, bool writing);

} // namespace vbat::sim
