// One image's maps for the tests, row-major and without gaps.

#ifndef MOVENET_TESTS_MAPS_H
#define MOVENET_TESTS_MAPS_H

#include <cmath>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <vector>

#include "movenet/postprocess.h"

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

struct Maps {
    int keypoints;
    int grid;
    std::vector<float> heatmap, center, reg, offset;

    Maps(int keypoints, int grid)
        : keypoints(keypoints),
          grid(grid),
          heatmap(keypoints * grid * grid, 0.0f),
          center(grid * grid, 0.0f),
          reg(2 * keypoints * grid * grid, 0.0f),
          offset(2 * keypoints * grid * grid, 0.0f) {}

    // One cell of any of the maps.
    float& at(std::vector<float>& map, int channel, int x, int y) { return map[(channel * grid + y) * grid + x]; }
    float at(const std::vector<float>& map, int channel, int x, int y) const {
        return map[(channel * grid + y) * grid + x];
    }
};

inline movenet_heads heads_of(const Maps& maps, movenet_values values = MOVENET_ANY) {
    const int keypoints = maps.keypoints, grid = maps.grid;
    return {1,
            keypoints,
            grid,
            values,
            movenet_nchw(maps.heatmap.data(), MOVENET_FLOAT32, keypoints, grid),
            movenet_nchw(maps.center.data(), MOVENET_FLOAT32, 1, grid),
            movenet_nchw(maps.reg.data(), MOVENET_FLOAT32, 2 * keypoints, grid),
            movenet_nchw(maps.offset.data(), MOVENET_FLOAT32, 2 * keypoints, grid)};
}

inline std::vector<float> decode(const movenet_heads& heads) {
    std::vector<float> points(3 * heads.images * heads.keypoints);
    const movenet_status status = movenet_decode(&heads, points.data());
    if (status != MOVENET_OK) {
        throw std::runtime_error(movenet_status_message(status));
    }
    return points;
}

inline std::vector<float> decode(const Maps& maps, movenet_values values = MOVENET_ANY) {
    return decode(heads_of(maps, values));
}

// Where the number (channel, y, x) of a tensor of one image lies.
inline std::int64_t place(const movenet_tensor& tensor, int channel, int y, int x) {
    return channel * tensor.channel_step + y * tensor.row_step + x * tensor.column_step;
}

// By its meaning, not by its bits.
inline float half_meaning(std::uint16_t half) {
    const int exponent = half >> 10 & 31, mantissa = half & 1023;
    const float magnitude = exponent == 31  ? (mantissa ? kNan : kInf)
                            : exponent == 0 ? std::ldexp(static_cast<float>(mantissa), -24)
                                            : std::ldexp(static_cast<float>(1024 + mantissa), exponent - 25);
    return half & 0x8000 ? -magnitude : magnitude;
}

#endif  // MOVENET_TESTS_MAPS_H
