// A row of eight floats in one AVX register; see row.h.

#ifndef MOVENET_SRC_ROW_AVX_H
#define MOVENET_SRC_ROW_AVX_H

#include <immintrin.h>

#include <cfloat>

namespace movenet::MOVENET_VECTORS {

struct Row {
    Row() = default;
    static Row load(const float* from) { return _mm256_loadu_ps(from); }
    static Row fill(float value) { return _mm256_set1_ps(value); }
    static Row count_from(float value) {
        return _mm256_add_ps(_mm256_set1_ps(value), _mm256_setr_ps(0, 1, 2, 3, 4, 5, 6, 7));
    }
    void store(float* to) const { _mm256_storeu_ps(to, all); }

    Row where_finite(Row other) const {
        const __m256 magnitude = _mm256_andnot_ps(_mm256_set1_ps(-0.0f), other.all);
        // All bits set is NaN.
        return _mm256_or_ps(all, _mm256_cmp_ps(magnitude, _mm256_set1_ps(FLT_MAX), _CMP_NLE_UQ));
    }
    bool reaches(Row least) const {
        const __m256 reached = _mm256_cmp_ps(all, least.all, _CMP_NLT_UQ);
        return _mm256_testz_ps(reached, reached) == 0;
    }
    unsigned at_least(Row least) const {
        return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(all, least.all, _CMP_GE_OQ)));
    }
    Row bits() const { return _mm256_cvtepi32_ps(_mm256_castps_si256(all)); }
    unsigned equals(float number) const {
        return static_cast<unsigned>(_mm256_movemask_ps(_mm256_cmp_ps(all, _mm256_set1_ps(number), _CMP_EQ_OQ)));
    }
    float highest() const {
        const __m128 four = _mm_max_ps(_mm256_castps256_ps128(all), _mm256_extractf128_ps(all, 1));
        const __m128 two = _mm_max_ps(four, _mm_movehl_ps(four, four));
        return _mm_cvtss_f32(_mm_max_ss(two, _mm_shuffle_ps(two, two, 1)));
    }

    Row(__m256 numbers) : all(numbers) {}

    __m256 all;
};

inline Row operator+(Row a, Row b) {
    return _mm256_add_ps(a.all, b.all);
}
inline Row operator-(Row a, Row b) {
    return _mm256_sub_ps(a.all, b.all);
}
inline Row operator*(Row a, Row b) {
    return _mm256_mul_ps(a.all, b.all);
}
inline Row operator/(Row a, Row b) {
    return _mm256_div_ps(a.all, b.all);
}
inline Row sqrt(Row a) {
    return _mm256_sqrt_ps(a.all);
}
inline Row abs(Row a) {
    return _mm256_andnot_ps(_mm256_set1_ps(-0.0f), a.all);
}
inline Row min(Row a, Row b) {
    return _mm256_min_ps(a.all, b.all);
}
inline Row max(Row a, Row b) {
    return _mm256_max_ps(a.all, b.all);
}

}  // namespace movenet::MOVENET_VECTORS

#endif  // MOVENET_SRC_ROW_AVX_H
