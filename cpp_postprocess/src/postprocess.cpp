// The C interface: checks what comes in, then decodes image by image as movenet/postprocess.h says.

#include "movenet/postprocess.h"

#include <algorithm>
#include <cfloat>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <limits>

#include "head.h"
#include "search.h"

#ifdef __FAST_MATH__
#error "the decoder must not be compiled with -ffast-math: the rule fixes the order of operations, and NaN must be seen"
#endif
static_assert(FLT_EVAL_METHOD == 0, "the decoder needs float32 arithmetic without excess precision (-mfpmath=sse)");

namespace {

using movenet::Candidate;
using movenet::CenterRule;
using movenet::ConvertedTiles;
using movenet::KeypointRule;
using movenet::Logits;
using movenet::PackedTiles;
using movenet::PlainValues;
using movenet::Point;
using movenet::Search;

constexpr int kAtOnce = 32;  // keypoints that are searched together; their searches lie on the stack

// Checks
// ---------------------------------------------------------------------------------------------------------------

// The product of two sizes that need not make sense yet: movenet_decode refuses what is too large.
std::int64_t saturated_product(std::int64_t a, std::int64_t b) {
    const bool fits = b == 0 || (a <= INT64_MAX / std::abs(b) && a >= -(INT64_MAX / std::abs(b)));
    return fits ? a * b : INT64_MAX;
}

// Adds the way that `count` elements go by `step` to `extent`, the farthest element in either direction; false if that
// exceeds `limit`.
bool extend(std::int64_t& extent, std::int64_t step, std::int64_t count, std::int64_t limit) {
    const std::int64_t hops = count - 1;
    if (hops == 0) {
        return true;
    }
    if (step > limit / hops || step < -(limit / hops)) {
        return false;
    }
    extent += (step < 0 ? -step : step) * hops;
    return extent <= limit;
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
    const std::int64_t limit = PTRDIFF_MAX / size;
    std::int64_t extent = 0;
    const bool fits = extend(extent, tensor.image_step, heads.images, limit) &&
                      extend(extent, tensor.channel_step, channels, limit) &&
                      extend(extent, tensor.row_step, heads.grid, limit) &&
                      extend(extent, tensor.column_step, heads.grid, limit);
    return fits ? MOVENET_OK : MOVENET_BAD_STEP;
}

movenet_status check(const movenet_heads& heads) {
    if (heads.keypoints < 1 || heads.keypoints > MOVENET_MAX_KEYPOINTS) {
        return MOVENET_BAD_KEYPOINTS;
    }
    if (heads.grid < 1 || heads.grid > MOVENET_MAX_GRID) {
        return MOVENET_BAD_GRID;
    }
    const std::ptrdiff_t image_bytes = 3 * heads.keypoints * static_cast<std::ptrdiff_t>(sizeof(float));
    if (heads.images < 1 || heads.images > PTRDIFF_MAX / image_bytes) {
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

// Decoding
// -------------------------------------------------------------------------------------------------------------

// The two channels, x then y, that reg or offset hold for one keypoint, at one cell.
Point read_shift(const movenet_tensor& tensor, int image, int keypoint, const Candidate& cell) {
    const float x = movenet::plane_of(tensor, image, 2 * keypoint).at(cell.x, cell.y);
    const float y = movenet::plane_of(tensor, image, 2 * keypoint + 1).at(cell.x, cell.y);
    return {movenet::is_finite(x) ? x : 0.0f, movenet::is_finite(y) ? y : 0.0f};
}

void write_point(float* point, Point place_cells, float score, float grid) {
    point[0] = place_cells.x / grid;
    point[1] = place_cells.y / grid;
    point[2] = score;
}

template <class Tiles, class Values>
Candidate find_center(const movenet_heads& heads, int image, const Values& values) {
    const Tiles tiles(movenet::plane_of(heads.center, image, 0), heads.grid);
    const float middle = static_cast<float>(heads.grid) / 2.0f;
    const Candidate best = Search<CenterRule, Tiles, Values>(tiles, heads.grid, values, {middle, middle}).run();
    return best.found() ? best : Candidate{0.0f, heads.grid / 2, heads.grid / 2};
}

// Some of an image's keypoints, `count` from `first` on.
template <class Tiles, class Values>
void find_keypoints(const movenet_heads& heads, int image, const Values& values, const Candidate& person, int first,
                    int count, float* points) {
    Point regressed[kAtOnce];
    for (int i = 0; i < count; ++i) {
        const Point shift = read_shift(heads.reg, image, first + i, person);
        regressed[i] = {static_cast<float>(person.x) + shift.x, static_cast<float>(person.y) + shift.y};
    }
    // All start before the first goes on: a start takes no branches, so the processor overlaps it with the next.
    Search<KeypointRule, Tiles, Values> searches[kAtOnce];
    for (int i = 0; i < count; ++i) {
        const Tiles tiles(movenet::plane_of(heads.heatmap, image, first + i), heads.grid);
        searches[i] = {tiles, heads.grid, values, regressed[i]};
    }
    const float grid = static_cast<float>(heads.grid);
    for (int i = 0; i < count; ++i) {
        const Candidate best = searches[i].run();
        float* point = points + 3 * i;
        if (best.found()) {
            const Point fine = read_shift(heads.offset, image, first + i, best);
            const Point place{static_cast<float>(best.x) + fine.x, static_cast<float>(best.y) + fine.y};
            const float number = movenet::plane_of(heads.heatmap, image, first + i).at(best.x, best.y);
            write_point(point, place, values.value(number), grid);
        } else {
            write_point(point, regressed[i], 0.0f, grid);
        }
    }
}

template <class Values>
void decode_image(const movenet_heads& heads, int image, const Values& values, float* points) {
    const auto packed = [&](const movenet_tensor& tensor) {
        return PackedTiles::can_read(movenet::plane_of(tensor, image, 0), heads.grid);
    };
    const Candidate person = packed(heads.center) ? find_center<PackedTiles>(heads, image, values)
                                                  : find_center<ConvertedTiles>(heads, image, values);
    const auto find =
        packed(heads.heatmap) ? find_keypoints<PackedTiles, Values> : find_keypoints<ConvertedTiles, Values>;
    for (int first = 0; first < heads.keypoints; first += kAtOnce) {
        const int count = std::min(kAtOnce, heads.keypoints - first);
        find(heads, image, values, person, first, count, points + 3 * first);
    }
}

template <class Values>
void decode_images(const movenet_heads& heads, const Values& values, float* points) {
    for (int image = 0; image < heads.images; ++image) {
        decode_image(heads, image, values, points + static_cast<std::ptrdiff_t>(image) * heads.keypoints * 3);
    }
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
    if (!heads || !points) {
        return MOVENET_NULL_POINTER;
    }
    const movenet_status status = check(*heads);
    if (status != MOVENET_OK) {
        return status;
    }
    if (heads->values == MOVENET_LOGITS) {
        decode_images(*heads, Logits{}, points);
    } else {
        const float ceiling = heads->values == MOVENET_PROBABILITIES ? 1.0f : std::numeric_limits<float>::infinity();
        decode_images(*heads, PlainValues{ceiling}, points);
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
            return "the number of images must be at least 1, and all points must fit into memory";
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
