#pragma once

#include <cstdint>

namespace vbat::sim {

// The same numbers on every machine, which the distributions of the standard library do not promise. (splitmix64)
class Random {
public:
    explicit Random(std::uint64_t seed) : state_{seed} {}

    std::uint64_t bits() {
        std::uint64_t z = (state_ += 0x9e3779b97f4a7c15U);
        z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9U;
        z = (z ^ (z >> 27)) * 0x94d049bb133111ebU;
        return z ^ (z >> 31);
    }
    double between(double least, double most) {
        return least + (most - least) * static_cast<double>(bits() >> 11) * 0x1p-53;
    }
    int below(int end) { return static_cast<int>(bits() % static_cast<std::uint64_t>(end)); }

private:
    std::uint64_t state_;
};

} // namespace vbat::sim
