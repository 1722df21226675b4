// Numbers of a head, read in place whatever their type and layout.

#ifndef MOVENET_SRC_HEAD_H
#define MOVENET_SRC_HEAD_H

#include <cfloat>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "movenet/postprocess.h"

namespace movenet {

// A tile is what the search looks at in one go: few enough cells for registers, enough to fill vectors.
constexpr int kTileRows = 4;
constexpr int kTileColumns = 8;

inline bool is_finite(float value) {
    return std::fabs(value) <= FLT_MAX;
}

// One channel of one image; the fields are movenet_tensor's.
struct Plane {
    const void* data;
    std::ptrdiff_t row_step;
    std::ptrdiff_t column_step;
    std::int32_t type;
    std::int32_t zero_point;
    float scale;

    std::ptrdiff_t index(int x, int y) const { return y * row_step + x * column_step; }
    float number(std::ptrdiff_t index) const {
        return type == MOVENET_FLOAT32 ? static_cast<const float*>(data)[index] : converted(index);
    }
    float at(int x, int y) const { return number(index(x, y)); }

    // The tile whose first cell is (x, y); cells outside the grid are NaN, which is never selected.
    void read_tile(int x, int y, int grid, float* cells) const;

    // A number of any type but float32.
    float converted(std::ptrdiff_t index) const;
};

inline std::ptrdiff_t element_size(std::int32_t type) {
    return type == MOVENET_FLOAT32 ? 4 : type == MOVENET_FLOAT16 ? 2 : 1;
}

inline Plane plane_of(const movenet_tensor& tensor, int image, int channel) {
    const std::int64_t first = image * tensor.image_step + channel * tensor.channel_step;
    return {static_cast<const char*>(tensor.data) + first * element_size(tensor.type),
            static_cast<std::ptrdiff_t>(tensor.row_step),
            static_cast<std::ptrdiff_t>(tensor.column_step),
            tensor.type,
            tensor.zero_point,
            tensor.scale};
}

}  // namespace movenet

#endif  // MOVENET_SRC_HEAD_H
