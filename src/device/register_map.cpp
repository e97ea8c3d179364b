#include "device/register_map.hpp"

namespace vbat {
namespace {

bool is_printable(char letter) { return letter >= ' ' && letter <= '~'; }

double as_number(std::uint32_t high, std::uint32_t low, Encoding encoding) {
    const std::uint32_t both = high << 16 | low;
    switch (encoding) {
    case Encoding::u16:
        return high;
    case Encoding::s16:
        return static_cast<std::int16_t>(high);
    case Encoding::u32:
        return both;
    case Encoding::s32:
        return static_cast<std::int32_t>(both);
    }
    return 0;
}

} // namespace

void RegisterImage::put(Block block, std::span<const std::uint16_t> values, TimePoint taken_at, Duration keep) {
    if (values.size() != block.count) return;
    drop(block);
    parts_.push_back({block, {values.begin(), values.end()}, taken_at, keep});
}

void RegisterImage::drop(Block block) {
    std::erase_if(parts_, [&](const Part& part) { return part.block == block; });
}

void RegisterImage::drop_older(TimePoint now) {
    std::erase_if(parts_, [&](const Part& part) { return now - part.taken_at > part.keep; });
}

// Where blocks overlap, the youngest counts.
const RegisterImage::Part* RegisterImage::part_of(std::uint16_t address, std::uint16_t count) const {
    const Part* found = nullptr;
    for (const Part& part : parts_) {
        const bool holds = part.block.address <= address && address + count <= part.block.address + part.block.count;
        if (holds && (!found || part.taken_at >= found->taken_at)) found = &part;
    }
    return found;
}

std::optional<double> RegisterImage::number(std::uint16_t address, Encoding encoding) const {
    const std::uint16_t count = words(encoding);
    const Part* const part = part_of(address, count);
    if (!part) return std::nullopt;
    const std::uint16_t* const raw = &part->values[static_cast<std::size_t>(address - part->block.address)];
    return as_number(raw[0], raw[count - 1], encoding);
}

std::optional<TimePoint> RegisterImage::taken_at(Block block) const {
    const Part* const part = part_of(block.address, block.count);
    return part ? std::optional{part->taken_at} : std::nullopt;
}

std::optional<std::uint16_t> RegisterImage::word(std::uint16_t address) const {
    const auto raw = number(address, Encoding::u16);
    if (!raw) return std::nullopt;
    return static_cast<std::uint16_t>(*raw);
}

std::string RegisterImage::text(Block block) const {
    std::string letters;
    const Part* const part = part_of(block.address, block.count);
    if (!part) return letters;
    const auto begin = static_cast<std::size_t>(block.address - part->block.address);
    for (const std::uint16_t word : std::span{part->values}.subspan(begin, block.count)) {
        for (const char letter : {static_cast<char>(word >> 8), static_cast<char>(word & 0xFF)}) {
            if (letter == '\0') return letters;
            if (is_printable(letter)) letters += letter;
        }
    }
    return letters;
}

void decode(std::span<const Register> map, const RegisterImage& image, BatterySample& sample,
            std::vector<const Register*>* out_of_range) {
    for (const Register& row : map) {
        const auto raw = image.number(row.address, row.encoding);
        if (!raw) continue;
        const double value = *raw * row.scale + 0.0; // + 0.0: no negative zero
        const bool plausible = value >= row.min && value <= row.max;
        if (plausible) row.store(sample, value);
        else if (out_of_range) out_of_range->push_back(&row);
    }
}

} // namespace vbat
