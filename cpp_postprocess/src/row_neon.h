// A row of eight floats in two registers of 64-bit ARM's NEON; see row.h.

#ifndef MOVENET_SRC_ROW_NEON_H
#define MOVENET_SRC_ROW_NEON_H

#include <arm_neon.h>

#include <cfloat>
#include <cstdint>
#include <limits>

namespace movenet::MOVENET_VECTORS {

struct Row {
    Row() = default;
    static Row load(const float* from) { return {vld1q_f32(from), vld1q_f32(from + 4)}; }
    static Row fill(float value) { return {vdupq_n_f32(value), vdupq_n_f32(value)}; }
    static Row count_from(float value) {
        const float steps[] = {0, 1, 2, 3, 4, 5, 6, 7};
        return {vaddq_f32(vdupq_n_f32(value), vld1q_f32(steps)), vaddq_f32(vdupq_n_f32(value), vld1q_f32(steps + 4))};
    }
    void store(float* to) const {
        vst1q_f32(to, left);
        vst1q_f32(to + 4, right);
    }

    Row where_finite(Row other) const { return {where_finite(left, other.left), where_finite(right, other.right)}; }
    bool reaches(Row least) const {
        return vminvq_u32(vandq_u32(vcltq_f32(left, least.left), vcltq_f32(right, least.right))) == 0;
    }
    unsigned at_least(Row least) const { return mask(vcgeq_f32(left, least.left), vcgeq_f32(right, least.right)); }
    Row bits() const {
        return {vcvtq_f32_s32(vreinterpretq_s32_f32(left)), vcvtq_f32_s32(vreinterpretq_s32_f32(right))};
    }
    unsigned equals(float number) const {
        const float32x4_t wanted = vdupq_n_f32(number);
        return mask(vceqq_f32(left, wanted), vceqq_f32(right, wanted));
    }
    float highest() const { return vmaxnmvq_f32(vmaxnmq_f32(left, right)); }

    Row(float32x4_t first, float32x4_t last) : left(first), right(last) {}

    static unsigned mask(uint32x4_t left, uint32x4_t right) {
        const std::uint32_t left_bits[] = {1, 2, 4, 8}, right_bits[] = {16, 32, 64, 128};
        return vaddvq_u32(vorrq_u32(vandq_u32(left, vld1q_u32(left_bits)), vandq_u32(right, vld1q_u32(right_bits))));
    }

    static float32x4_t where_finite(float32x4_t values, float32x4_t other) {
        const uint32x4_t finite = vcaleq_f32(other, vdupq_n_f32(FLT_MAX));
        return vbslq_f32(finite, values, vdupq_n_f32(std::numeric_limits<float>::quiet_NaN()));
    }

    float32x4_t left, right;
};

inline Row operator+(Row a, Row b) {
    return {vaddq_f32(a.left, b.left), vaddq_f32(a.right, b.right)};
}
inline Row operator-(Row a, Row b) {
    return {vsubq_f32(a.left, b.left), vsubq_f32(a.right, b.right)};
}
inline Row operator*(Row a, Row b) {
    return {vmulq_f32(a.left, b.left), vmulq_f32(a.right, b.right)};
}
inline Row operator/(Row a, Row b) {
    return {vdivq_f32(a.left, b.left), vdivq_f32(a.right, b.right)};
}
inline Row sqrt(Row a) {
    return {vsqrtq_f32(a.left), vsqrtq_f32(a.right)};
}
inline Row abs(Row a) {
    return {vabsq_f32(a.left), vabsq_f32(a.right)};
}
inline Row min(Row a, Row b) {
    return {vminnmq_f32(a.left, b.left), vminnmq_f32(a.right, b.right)};
}
inline Row max(Row a, Row b) {
    return {vmaxnmq_f32(a.left, b.left), vmaxnmq_f32(a.right, b.right)};
}

}  // namespace movenet::MOVENET_VECTORS

#endif  // MOVENET_SRC_ROW_NEON_H
