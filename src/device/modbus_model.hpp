#pragma once

#include "device/register_map.hpp"

#include <string_view>

namespace vbat {

// A block that is read again and again.
struct Poll {
    Block block{};
    std::chrono::milliseconds period{};

    constexpr bool operator==(const Poll&) const = default;
};

// How fast a device may be asked (docs/protocols/marstek-modbus.md, Transport).
struct Pace {
    std::chrono::milliseconds gap{};      // from an answer to the next request
    std::chrono::milliseconds patience{}; // for one answer

    constexpr bool operator==(const Pace&) const = default;
};

// That of the slowest device, for one that is not known yet.
inline constexpr Pace careful_pace{.gap = std::chrono::milliseconds{150}, .patience = std::chrono::seconds{8}};

// The registers that matter when a person gives a battery another unit id.
struct UnitIdChange {
    std::uint16_t unit_id{};
    std::uint16_t control{}; // says `control_on` while somebody steers it
    std::uint16_t control_on{};
    std::uint16_t force{}; // 0 stops it
};

// Everything the program knows about one kind of battery on Modbus: data and pure functions. A capability that is null
// does not exist. A new kind is one file in models/ and its line in the catalogue.
struct ModbusModel {
    std::string_view id{};      // "marstek-venus-e3"
    std::string_view name{};    // "Marstek Venus E 3.0": /ProductName of a published member
    std::string_view family{};  // "v3": what `family =` selects; models of a family share their registers' meaning
    std::string_view variant{}; // "e3": what `model =` selects within the family
    std::span<const std::string_view> names{}; // how register 31000 begins on this model

    Volts nominal_voltage{};
    int cells{};                // in series
    WattHours usual_capacity{}; // of one pack, as long as the device does not tell
    Watts max_charge{};
    Watts max_discharge{};

    Pace pace{};
    Block serial{};                // an address of its own as text: tells one device from another
    std::span<const Poll> polls{}; // the first carries the power
    std::size_t live_polls{1};     // so many of them carry powers: a sample is as old as the oldest of these answers
    std::vector<Poll> (*further_polls)(const RegisterImage& image) = nullptr; // packs, known once the image tells them
    std::span<const Register> registers{};
    void (*refine)(BatterySample& sample, const RegisterImage& image) = nullptr; // what no row can say; after the rows
    bool (*battery_is_off)(const RegisterImage& image) = nullptr; // the device lost its cells: its SoC says nothing
    const UnitIdChange* unit_id_change = nullptr;
};

} // namespace vbat
