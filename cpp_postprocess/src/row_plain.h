// A row of eight floats for processors without vectors that we know; see row.h.

#ifndef MOVENET_SRC_ROW_PLAIN_H
#define MOVENET_SRC_ROW_PLAIN_H

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <functional>
#include <limits>

namespace movenet::MOVENET_VECTORS {

constexpr int kRowLength = 8;

struct Row {
    static Row load(const float* from) {
        return make([&](int i) { return from[i]; });
    }
    static Row fill(float value) {
        return make([&](int) { return value; });
    }
    static Row count_from(float value) {
        return make([&](int i) { return value + static_cast<float>(i); });
    }
    void store(float* to) const { std::copy(numbers, numbers + kRowLength, to); }

    Row where_finite(const Row& other) const {
        const float nan = std::numeric_limits<float>::quiet_NaN();
        return make([&](int i) { return std::fabs(other.numbers[i]) <= FLT_MAX ? numbers[i] : nan; });
    }
    bool reaches(const Row& least) const {
        return !std::equal(numbers, numbers + kRowLength, least.numbers, std::less<float>());
    }
    unsigned at_least(const Row& least) const {
        return mask([&](int i) { return numbers[i] >= least.numbers[i]; });
    }
    Row bits() const {
        return make([&](int i) {
            std::int32_t bits;
            std::memcpy(&bits, &numbers[i], sizeof bits);
            return static_cast<float>(bits);
        });
    }
    unsigned equals(float number) const {
        return mask([&](int i) { return numbers[i] == number; });
    }
    float highest() const { return *std::max_element(numbers, numbers + kRowLength); }

    template <class Number>
    static Row make(Number number) {
        Row row;
        for (int i = 0; i < kRowLength; ++i) {
            row.numbers[i] = number(i);
        }
        return row;
    }

    template <class Test>
    static unsigned mask(Test test) {
        unsigned bits = 0;
        for (int i = 0; i < kRowLength; ++i) {
            bits |= static_cast<unsigned>(test(i)) << i;
        }
        return bits;
    }

    float numbers[kRowLength];
};

inline Row operator+(const Row& a, const Row& b) {
    return Row::make([&](int i) { return a.numbers[i] + b.numbers[i]; });
}
inline Row operator-(const Row& a, const Row& b) {
    return Row::make([&](int i) { return a.numbers[i] - b.numbers[i]; });
}
inline Row operator*(const Row& a, const Row& b) {
    return Row::make([&](int i) { return a.numbers[i] * b.numbers[i]; });
}
inline Row operator/(const Row& a, const Row& b) {
    return Row::make([&](int i) { return a.numbers[i] / b.numbers[i]; });
}
inline Row sqrt(const Row& a) {
    return Row::make([&](int i) { return std::sqrt(a.numbers[i]); });
}
inline Row abs(const Row& a) {
    return Row::make([&](int i) { return std::fabs(a.numbers[i]); });
}
inline Row min(const Row& a, const Row& b) {
    return Row::make([&](int i) { return a.numbers[i] < b.numbers[i] ? a.numbers[i] : b.numbers[i]; });
}
inline Row max(const Row& a, const Row& b) {
    return Row::make([&](int i) { return a.numbers[i] > b.numbers[i] ? a.numbers[i] : b.numbers[i]; });
}

}  // namespace movenet::MOVENET_VECTORS

#endif  // MOVENET_SRC_ROW_PLAIN_H
