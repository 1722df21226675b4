// Eight floats side by side, in vector registers where the processor has them. Every operation is IEEE float32's own.

#ifndef MOVENET_SRC_ROW_H
#define MOVENET_SRC_ROW_H

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdint>
#include <limits>

#if defined(MOVENET_NO_VECTORS)  // for tests of the plain loops
#elif defined(__SSE2__) || defined(_M_X64)
#define MOVENET_SSE2
#include <emmintrin.h>
#elif defined(__aarch64__)
#define MOVENET_NEON  // 64-bit ARM only: before it, NEON flushes subnormal numbers and has no square root
#include <arm_neon.h>
#endif

namespace movenet {

constexpr int kRowLength = 8;

#if defined(MOVENET_SSE2)

class Row {
public:
    Row() = default;
    static Row load(const float* from) { return {_mm_loadu_ps(from), _mm_loadu_ps(from + 4)}; }
    static Row fill(float value) { return {_mm_set1_ps(value), _mm_set1_ps(value)}; }
    // value, value + 1, ..., value + 7.
    static Row count_from(float value) {
        const __m128 start = _mm_set1_ps(value);
        return {_mm_add_ps(start, _mm_setr_ps(0, 1, 2, 3)), _mm_add_ps(start, _mm_setr_ps(4, 5, 6, 7))};
    }
    void store(float* to) const {
        _mm_storeu_ps(to, left_);
        _mm_storeu_ps(to + 4, right_);
    }

    friend Row operator+(Row a, Row b) { return {_mm_add_ps(a.left_, b.left_), _mm_add_ps(a.right_, b.right_)}; }
    friend Row operator-(Row a, Row b) { return {_mm_sub_ps(a.left_, b.left_), _mm_sub_ps(a.right_, b.right_)}; }
    friend Row operator*(Row a, Row b) { return {_mm_mul_ps(a.left_, b.left_), _mm_mul_ps(a.right_, b.right_)}; }
    friend Row operator/(Row a, Row b) { return {_mm_div_ps(a.left_, b.left_), _mm_div_ps(a.right_, b.right_)}; }
    friend Row sqrt(Row a) { return {_mm_sqrt_ps(a.left_), _mm_sqrt_ps(a.right_)}; }
    friend Row min(Row a, Row b) { return {_mm_min_ps(a.left_, b.left_), _mm_min_ps(a.right_, b.right_)}; }
    // b where a is NaN.
    friend Row max(Row a, Row b) { return {_mm_max_ps(a.left_, b.left_), _mm_max_ps(a.right_, b.right_)}; }

    // This, but NaN where `other` is not finite.
    Row where_finite(Row other) const { return {where_finite(left_, other.left_), where_finite(right_, other.right_)}; }
    // Whether a number is `least` or more, or NaN.
    bool reaches(float least) const {
        const __m128 bound = _mm_set1_ps(least);
        return _mm_movemask_ps(_mm_or_ps(_mm_cmpnlt_ps(left_, bound), _mm_cmpnlt_ps(right_, bound))) != 0;
    }
    // Bit i: whether number i equals `number`.
    unsigned equals(float number) const {
        const __m128 wanted = _mm_set1_ps(number);
        const int left = _mm_movemask_ps(_mm_cmpeq_ps(left_, wanted));
        const int right = _mm_movemask_ps(_mm_cmpeq_ps(right_, wanted));
        return static_cast<unsigned>(left | right << 4);
    }
    // None may be NaN.
    float highest() const {
        const __m128 four = _mm_max_ps(left_, right_);
        const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
    }

private:
    Row(__m128 left, __m128 right) : left_(left), right_(right) {}

    static __m128 where_finite(__m128 values, __m128 other) {
        const __m128 magnitude = _mm_andnot_ps(_mm_set1_ps(-0.0f), other);
        // All bits set is NaN.
        return _mm_or_ps(values, _mm_cmpnle_ps(magnitude, _mm_set1_ps(FLT_MAX)));
    }
    __m128 left_, right_;
};

#elif defined(MOVENET_NEON)

class Row {
public:
    Row() = default;
    static Row load(const float* from) { return {vld1q_f32(from), vld1q_f32(from + 4)}; }
    static Row fill(float value) { return {vdupq_n_f32(value), vdupq_n_f32(value)}; }
    static Row count_from(float value) {
        const float steps[] = {0, 1, 2, 3, 4, 5, 6, 7};
        return fill(value) + load(steps);
    }
    void store(float* to) const {
        vst1q_f32(to, left_);
        vst1q_f32(to + 4, right_);
    }

    friend Row operator+(Row a, Row b) { return {vaddq_f32(a.left_, b.left_), vaddq_f32(a.right_, b.right_)}; }
    friend Row operator-(Row a, Row b) { return {vsubq_f32(a.left_, b.left_), vsubq_f32(a.right_, b.right_)}; }
    friend Row operator*(Row a, Row b) { return {vmulq_f32(a.left_, b.left_), vmulq_f32(a.right_, b.right_)}; }
    friend Row operator/(Row a, Row b) { return {vdivq_f32(a.left_, b.left_), vdivq_f32(a.right_, b.right_)}; }
    friend Row sqrt(Row a) { return {vsqrtq_f32(a.left_), vsqrtq_f32(a.right_)}; }
    friend Row min(Row a, Row b) { return {vminnmq_f32(a.left_, b.left_), vminnmq_f32(a.right_, b.right_)}; }
    friend Row max(Row a, Row b) { return {vmaxnmq_f32(a.left_, b.left_), vmaxnmq_f32(a.right_, b.right_)}; }

    Row where_finite(Row other) const { return {where_finite(left_, other.left_), where_finite(right_, other.right_)}; }
    bool reaches(float least) const {
        const float32x4_t bound = vdupq_n_f32(least);
        return vminvq_u32(vandq_u32(vcltq_f32(left_, bound), vcltq_f32(right_, bound))) == 0;
    }
    unsigned equals(float number) const {
        const float32x4_t wanted = vdupq_n_f32(number);
        const std::uint32_t left_bits[] = {1, 2, 4, 8}, right_bits[] = {16, 32, 64, 128};
        const uint32x4_t left = vandq_u32(vceqq_f32(left_, wanted), vld1q_u32(left_bits));
        const uint32x4_t right = vandq_u32(vceqq_f32(right_, wanted), vld1q_u32(right_bits));
        return vaddvq_u32(vorrq_u32(left, right));
    }
    float highest() const { return vmaxnmvq_f32(vmaxnmq_f32(left_, right_)); }

private:
    Row(float32x4_t left, float32x4_t right) : left_(left), right_(right) {}

    static float32x4_t where_finite(float32x4_t values, float32x4_t other) {
        const uint32x4_t finite = vcaleq_f32(other, vdupq_n_f32(FLT_MAX));
        return vbslq_f32(finite, values, vdupq_n_f32(std::numeric_limits<float>::quiet_NaN()));
    }

    float32x4_t left_, right_;
};

#else

class Row {
public:
    static Row load(const float* from) {
        return make([&](int i) { return from[i]; });
    }
    static Row fill(float value) {
        return make([&](int) { return value; });
    }
    static Row count_from(float value) {
        return make([&](int i) { return value + static_cast<float>(i); });
    }
    void store(float* to) const { std::copy(numbers_, numbers_ + kRowLength, to); }

    friend Row operator+(const Row& a, const Row& b) {
        return make([&](int i) { return a.numbers_[i] + b.numbers_[i]; });
    }
    friend Row operator-(const Row& a, const Row& b) {
        return make([&](int i) { return a.numbers_[i] - b.numbers_[i]; });
    }
    friend Row operator*(const Row& a, const Row& b) {
        return make([&](int i) { return a.numbers_[i] * b.numbers_[i]; });
    }
    friend Row operator/(const Row& a, const Row& b) {
        return make([&](int i) { return a.numbers_[i] / b.numbers_[i]; });
    }
    friend Row sqrt(const Row& a) {
        return make([&](int i) { return std::sqrt(a.numbers_[i]); });
    }
    friend Row min(const Row& a, const Row& b) {
        return make([&](int i) { return a.numbers_[i] < b.numbers_[i] ? a.numbers_[i] : b.numbers_[i]; });
    }
    friend Row max(const Row& a, const Row& b) {
        return make([&](int i) { return a.numbers_[i] > b.numbers_[i] ? a.numbers_[i] : b.numbers_[i]; });
    }

    Row where_finite(const Row& other) const {
        const float nan = std::numeric_limits<float>::quiet_NaN();
        return make([&](int i) { return std::fabs(other.numbers_[i]) <= FLT_MAX ? numbers_[i] : nan; });
    }
    bool reaches(float least) const {
        return !std::all_of(numbers_, numbers_ + kRowLength, [&](float number) { return number < least; });
    }
    unsigned equals(float number) const {
        unsigned bits = 0;
        for (int i = 0; i < kRowLength; ++i) {
            bits |= static_cast<unsigned>(numbers_[i] == number) << i;
        }
        return bits;
    }
    float highest() const { return *std::max_element(numbers_, numbers_ + kRowLength); }

private:
    template <class Number>
    static Row make(Number number) {
        Row row;
        for (int i = 0; i < kRowLength; ++i) {
            row.numbers_[i] = number(i);
        }
        return row;
    }

    float numbers_[kRowLength];
};

#endif

}  // namespace movenet

#endif  // MOVENET_SRC_ROW_H
