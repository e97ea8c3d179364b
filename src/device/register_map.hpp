#pragma once

#include "core/sample.hpp"

#include <algorithm>
#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

namespace vbat {

enum class Encoding : std::uint8_t { u16, s16, u32, s32 }; // big-endian, high word first

constexpr std::uint16_t words(Encoding encoding) {
    return encoding == Encoding::u32 || encoding == Encoding::s32 ? 2 : 1;
}

// Registers that are read by one request.
struct Block {
    std::uint16_t address{};
    std::uint16_t count{};

    constexpr bool operator==(const Block&) const = default;
};

// The words a device told, block by block. A value of several words comes out of one block or not at all: words fetched
// by two requests do not belong together.
class RegisterImage {
public:
    // `keep`: how long these words count as present.
    void put(Block block, std::span<const std::uint16_t> values, TimePoint taken_at, Duration keep);
    void drop(Block block);
    void drop_older(TimePoint now); // everything that is older than its `keep`

    std::optional<double> number(std::uint16_t address, Encoding encoding) const;
    std::optional<std::uint16_t> word(std::uint16_t address) const;
    std::optional<TimePoint> taken_at(Block block) const;
    std::string
    text(Block block) const; // high byte first, ends at NUL, unprintable characters left out; empty: not read

private:
    struct Part {
        Block block{};
        std::vector<std::uint16_t> values{};
        TimePoint taken_at{};
        Duration keep{};
    };
    const Part* part_of(std::uint16_t address, std::uint16_t count) const;

    std::vector<Part> parts_{};
};

// One value of a device: where it stands, and which member of the sample it fills. A number outside of [min, max] is
// taken for a fault of the device or the line, not for a measurement.
struct Register {
    std::uint16_t address{};
    Encoding encoding{};
    double scale{}; // value = raw * scale
    double min{};   // of the value
    double max{};
    void (*store)(BatterySample& sample, double value){};
};

template <auto Member>
constexpr Register reads(std::uint16_t address, Encoding encoding, double scale, double min, double max) {
    return {address, encoding, scale, min, max, [](BatterySample& sample, double value) {
                using Slot = typename std::remove_reference_t<decltype(sample.*Member)>::value_type;
                if constexpr (std::is_same_v<Slot, int>) sample.*Member = static_cast<int>(value);
                else sample.*Member = Slot{value};
            }};
}

// The same for one of several: a cell, a pack.
template <auto Member, std::size_t Index>
constexpr Register reads_one_of(std::uint16_t address, Encoding encoding, double scale, double min, double max) {
    return {address, encoding, scale, min, max, [](BatterySample& sample, double value) {
                using Slot = typename std::remove_reference_t<decltype((sample.*Member)[Index])>::value_type;
                if constexpr (std::is_same_v<Slot, int>) (sample.*Member)[Index] = static_cast<int>(value);
                else (sample.*Member)[Index] = Slot{value};
            }};
}

// Tables of a family and of a model, as one.
template <class Row, std::size_t... N>
constexpr auto joined(const std::array<Row, N>&... parts) {
    std::array<Row, (N + ...)> all{};
    auto end = all.begin();
    ((end = std::copy(parts.begin(), parts.end(), end)), ...);
    return all;
}

// Fills what the image holds. `out_of_range`, when given, receives the rows whose value was refused.
void decode(std::span<const Register> map, const RegisterImage& image, BatterySample& sample,
            std::vector<const Register*>* out_of_range = nullptr);

constexpr bool is_sorted_without_overlap(std::span<const Register> map) {
    for (std::size_t i = 1; i < map.size(); ++i)
        if (map[i].address < map[i - 1].address + words(map[i - 1].encoding)) return false;
    return true;
}

} // namespace vbat
