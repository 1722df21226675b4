// A row of eight floats in two SSE2 registers; see row.h.

#ifndef MOVENET_SRC_ROW_SSE2_H
#define MOVENET_SRC_ROW_SSE2_H

#include <emmintrin.h>

#include <cfloat>

namespace movenet::MOVENET_VECTORS {

struct Row {
    Row() = default;
    static Row load(const float* from) { return {_mm_loadu_ps(from), _mm_loadu_ps(from + 4)}; }
    static Row fill(float value) { return {_mm_set1_ps(value), _mm_set1_ps(value)}; }
    static Row count_from(float value) {
        const __m128 start = _mm_set1_ps(value);
        return {_mm_add_ps(start, _mm_setr_ps(0, 1, 2, 3)), _mm_add_ps(start, _mm_setr_ps(4, 5, 6, 7))};
    }
    void store(float* to) const {
        _mm_storeu_ps(to, left);
        _mm_storeu_ps(to + 4, right);
    }

    Row where_finite(Row other) const { return {where_finite(left, other.left), where_finite(right, other.right)}; }
    bool reaches(Row least) const {
        return _mm_movemask_ps(_mm_or_ps(_mm_cmpnlt_ps(left, least.left), _mm_cmpnlt_ps(right, least.right))) != 0;
    }
    unsigned at_least(Row least) const {
        return mask(_mm_cmpge_ps(left, least.left), _mm_cmpge_ps(right, least.right));
    }
    Row bits() const { return {_mm_cvtepi32_ps(_mm_castps_si128(left)), _mm_cvtepi32_ps(_mm_castps_si128(right))}; }
    unsigned equals(float number) const {
        const __m128 wanted = _mm_set1_ps(number);
        return mask(_mm_cmpeq_ps(left, wanted), _mm_cmpeq_ps(right, wanted));
    }
    float highest() const {
        const __m128 four = _mm_max_ps(left, right);
        const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
    }

    Row(__m128 first, __m128 last) : left(first), right(last) {}

    static unsigned mask(__m128 left, __m128 right) {
        return static_cast<unsigned>(_mm_movemask_ps(left) | _mm_movemask_ps(right) << 4);
    }

    static __m128 where_finite(__m128 values, __m128 other) {
        const __m128 magnitude = _mm_andnot_ps(_mm_set1_ps(-0.0f), other);
        // All bits set is NaN.
        return _mm_or_ps(values, _mm_cmpnle_ps(magnitude, _mm_set1_ps(FLT_MAX)));
    }
    __m128 left, right;
};

inline Row operator+(Row a, Row b) {
    return {_mm_add_ps(a.left, b.left), _mm_add_ps(a.right, b.right)};
}
inline Row operator-(Row a, Row b) {
    return {_mm_sub_ps(a.left, b.left), _mm_sub_ps(a.right, b.right)};
}
inline Row operator*(Row a, Row b) {
    return {_mm_mul_ps(a.left, b.left), _mm_mul_ps(a.right, b.right)};
}
inline Row operator/(Row a, Row b) {
    return {_mm_div_ps(a.left, b.left), _mm_div_ps(a.right, b.right)};
}
inline Row sqrt(Row a) {
    return {_mm_sqrt_ps(a.left), _mm_sqrt_ps(a.right)};
}
inline Row abs(Row a) {
    const __m128 sign = _mm_set1_ps(-0.0f);
    return {_mm_andnot_ps(sign, a.left), _mm_andnot_ps(sign, a.right)};
}
inline Row min(Row a, Row b) {
    return {_mm_min_ps(a.left, b.left), _mm_min_ps(a.right, b.right)};
}
inline Row max(Row a, Row b) {
    return {_mm_max_ps(a.left, b.left), _mm_max_ps(a.right, b.right)};
}

}  // namespace movenet::MOVENET_VECTORS

#endif  // MOVENET_SRC_ROW_SSE2_H
