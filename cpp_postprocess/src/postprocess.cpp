// The C interface: checks what comes in, then has it decoded by the fastest instructions that the processor has.

#include "movenet/postprocess.h"

#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "decode.h"
#include "head.h"

#ifdef __FAST_MATH__
#error "the decoder must not be compiled with -ffast-math: the rule fixes the order of operations, and NaN must be seen"
#endif
static_assert(FLT_EVAL_METHOD == 0, "the decoder needs float32 arithmetic without excess precision (-mfpmath=sse)");

namespace {

// Checks
// ---------------------------------------------------------------------------------------------------------------

// The product of two sizes that need not make sense yet: movenet_decode refuses what is too large.
std::int64_t saturated_product(std::int64_t a, std::int64_t b) {
    const bool fits = std::fabs(static_cast<double>(a) * static_cast<double>(b)) < 0x1p62;
    return fits ? a * b : INT64_MAX;
}

// How far the farthest element is from the first, in elements. A double: no step or sum of steps overflows it.
double extent(const movenet_tensor& tensor, const movenet_heads& heads, int channels) {
    const auto way = [](std::int64_t step, std::int32_t count) {
        return std::fabs(static_cast<double>(step)) * static_cast<double>(count - 1);
    };
    return way(tensor.image_step, heads.images) + way(tensor.channel_step, channels) +
           way(tensor.row_step, heads.grid) + way(tensor.column_step, heads.grid);
}

movenet_status check_tensor(const movenet_tensor& tensor, const movenet_heads& heads, int channels) {
    if (!tensor.data) {
        return MOVENET_NULL_POINTER;
    }
    if (tensor.type != MOVENET_FLOAT32 && tensor.type != MOVENET_FLOAT16 && tensor.type != MOVENET_INT8) {
        return MOVENET_BAD_TYPE;
    }
    if (tensor.type == MOVENET_INT8 && (!(tensor.scale > 0.0f && movenet::is_finite(tensor.scale)) ||
                                        tensor.zero_point < INT8_MIN || tensor.zero_point > INT8_MAX)) {
        return MOVENET_BAD_SCALE;
    }
    const std::ptrdiff_t size = movenet::element_size(tensor.type);
    if (reinterpret_cast<std::uintptr_t>(tensor.data) % static_cast<std::uintptr_t>(size) != 0) {
        return MOVENET_MISALIGNED;
    }
    // Half of all addresses, so that a double's rounding does not matter.
    const bool fits = extent(tensor, heads, channels) <= static_cast<double>(PTRDIFF_MAX / 2 / size);
    return fits ? MOVENET_OK : MOVENET_BAD_STEP;
}

// How many floats the points of all images take.
std::ptrdiff_t point_numbers(const movenet_heads& heads) {
    return std::ptrdiff_t{3} * heads.keypoints * heads.images;
}

// MOVENET_OK only where the points take no more than `room` floats.
movenet_status check(const movenet_heads& heads, std::ptrdiff_t room) {
    if (heads.keypoints < 1 || heads.keypoints > MOVENET_MAX_KEYPOINTS) {
        return MOVENET_BAD_KEYPOINTS;
    }
    if (heads.grid < 1 || heads.grid > MOVENET_MAX_GRID) {
        return MOVENET_BAD_GRID;
    }
    if (heads.images < 1 || heads.images > room / (3 * heads.keypoints)) {
        return MOVENET_BAD_IMAGES;
    }
    if (heads.values != MOVENET_ANY && heads.values != MOVENET_PROBABILITIES && heads.values != MOVENET_LOGITS) {
        return MOVENET_BAD_VALUES;
    }
    const struct {
        const movenet_tensor& tensor;
        int channels;
    } tensors[] = {{heads.heatmap, heads.keypoints},
                   {heads.center, 1},
                   {heads.reg, 2 * heads.keypoints},
                   {heads.offset, 2 * heads.keypoints}};
    for (const auto& [tensor, channels] : tensors) {
        const movenet_status status = check_tensor(tensor, heads, channels);
        if (status != MOVENET_OK) {
            return status;
        }
    }
    return MOVENET_OK;
}

// By the instructions that this processor has.
auto fastest_decode() {
#if defined(MOVENET_AVX_AT_RUN_TIME)
    if (__builtin_cpu_supports("avx2")) {
        return movenet::avx::decode;
    }
#endif
    return movenet::common::decode;
}

}  // namespace

extern "C" movenet_tensor movenet_nchw(const void* data, movenet_type type, int32_t channels, int32_t grid) noexcept {
    const std::int64_t row = grid, channel = row * grid;
    return {data, saturated_product(channel, channels), channel, row, 1, type, 0, 1.0f};
}

extern "C" movenet_tensor movenet_nhwc(const void* data, movenet_type type, int32_t channels, int32_t grid) noexcept {
    const std::int64_t column = channels, row = column * grid;
    return {data, saturated_product(row, grid), 1, row, column, type, 0, 1.0f};
}

extern "C" movenet_status movenet_decode(const movenet_heads* heads, float* points) noexcept {
    return movenet_decode_frames(heads, 1, points);
}

extern "C" movenet_status movenet_decode_frames(const movenet_heads* frames, int32_t count, float* points) noexcept {
    if (!frames || !points) {
        return MOVENET_NULL_POINTER;
    }
    if (count < 1) {
        return MOVENET_BAD_IMAGES;
    }
    std::ptrdiff_t room = PTRDIFF_MAX / static_cast<std::ptrdiff_t>(sizeof(float));
    for (std::int32_t i = 0; i < count; ++i) {
        const movenet_status status = check(frames[i], room);
        if (status != MOVENET_OK) {
            return status;
        }
        room -= point_numbers(frames[i]);
    }
    const auto decode = fastest_decode();
    for (std::int32_t i = 0; i < count; ++i) {
        decode(frames[i], points);
        points += point_numbers(frames[i]);
    }
    return MOVENET_OK;
}

extern "C" const char* movenet_status_message(movenet_status status) noexcept {
    switch (status) {
        case MOVENET_OK:
            return "decoded";
        case MOVENET_NULL_POINTER:
            return "heads, the data of its four tensors and points must all be given, one of them is NULL";
        case MOVENET_BAD_IMAGES:
            return "the number of images, and of frames, must be at least 1, and all points must fit into memory";
        case MOVENET_BAD_KEYPOINTS:
            return "the number of keypoints must be 1 to 4096";
        case MOVENET_BAD_GRID:
            return "the grid must be 1 to 4096 cells wide";
        case MOVENET_BAD_VALUES:
            return "values must be one of movenet_values";
        case MOVENET_BAD_TYPE:
            return "a tensor's type must be one of movenet_type";
        case MOVENET_BAD_STEP:
            return "a tensor's steps lead beyond any address";
        case MOVENET_BAD_SCALE:
            return "an int8 tensor's scale must be finite and above 0, its zero point -128 to 127";
        case MOVENET_MISALIGNED:
            return "a tensor's data must be aligned to the size of its elements";
    }
    return "unknown status";
}
