// From checked heads to points, image by image, as movenet/postprocess.h says. MOVENET_VECTORS: see row.h.

#ifndef MOVENET_SRC_DECODE_HEADS_H
#define MOVENET_SRC_DECODE_HEADS_H

#include <algorithm>
#include <cstddef>
#include <limits>

#include "decode.h"
#include "head.h"
#include "search.h"

namespace movenet::MOVENET_VECTORS {

constexpr int kAtOnce = 32;  // keypoints that are searched together; their searches lie on the stack

// Reg or offset of one image: two channels, x then y, of each keypoint.
struct Shifts {
    Plane first;
    std::ptrdiff_t channel_step;

    Shifts(const movenet_tensor& tensor, int image)
        : first(plane_of(tensor, image, 0)), channel_step(static_cast<std::ptrdiff_t>(tensor.channel_step)) {}

    Point at(int keypoint, int cell_x, int cell_y) const {
        const std::ptrdiff_t x = first.index(cell_x, cell_y) + 2 * keypoint * channel_step, y = x + channel_step;
        return {finite_or_zero(first.number(x)), finite_or_zero(first.number(y))};
    }

    static float finite_or_zero(float number) { return is_finite(number) ? number : 0.0f; }
};

inline void write_point(float* point, Point place_cells, float score, float grid) {
    point[0] = place_cells.x / grid;
    point[1] = place_cells.y / grid;
    point[2] = score;
}

template <class Tiles, class Values>
Candidate find_center(const movenet_heads& heads, int image, const Values& values) {
    const Tiles tiles(plane_of(heads.center, image, 0), heads.grid);
    const float middle = static_cast<float>(heads.grid) / 2.0f;
    const Candidate best = Search<CenterRule, Tiles, Values>(tiles, heads.grid, values, {middle, middle}).run();
    return best.found() ? best : Candidate{0.0f, heads.grid / 2, heads.grid / 2};
}

// Some of an image's keypoints, `count` from `first` on.
template <class Tiles, class Values>
void find_keypoints(const movenet_heads& heads, int image, const Values& values, const Candidate& person, int first,
                    int count, float* points) {
    const Shifts reg(heads.reg, image), offset(heads.offset, image);
    Point regressed[kAtOnce];
    for (int i = 0; i < count; ++i) {
        const Point shift = reg.at(first + i, person.x, person.y);
        regressed[i] = {static_cast<float>(person.x) + shift.x, static_cast<float>(person.y) + shift.y};
    }
    // All start before the first goes on: a start takes no branches, so the processor overlaps it with the next.
    Search<KeypointRule, Tiles, Values> searches[kAtOnce];
    for (int i = 0; i < count; ++i) {
        const Tiles tiles(plane_of(heads.heatmap, image, first + i), heads.grid);
        searches[i] = {tiles, heads.grid, values, regressed[i]};
    }
    const float grid = static_cast<float>(heads.grid);
    for (int i = 0; i < count; ++i) {
        const Candidate best = searches[i].run();
        float* point = points + 3 * i;
        if (best.found()) {
            const Point fine = offset.at(first + i, best.x, best.y);
            const Point place{static_cast<float>(best.x) + fine.x, static_cast<float>(best.y) + fine.y};
            const float number = plane_of(heads.heatmap, image, first + i).at(best.x, best.y);
            write_point(point, place, values.value(number), grid);
        } else {
            write_point(point, regressed[i], 0.0f, grid);
        }
    }
}

template <class Values>
void decode_image(const movenet_heads& heads, int image, const Values& values, float* points) {
    const auto packed = [&](const movenet_tensor& tensor) {
        return PackedTiles::can_read(plane_of(tensor, image, 0), heads.grid);
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

void decode(const movenet_heads& heads, float* points) {
    if (heads.values == MOVENET_LOGITS) {
        decode_images(heads, Logits{}, points);
    } else {
        const float ceiling = heads.values == MOVENET_PROBABILITIES ? 1.0f : std::numeric_limits<float>::infinity();
        decode_images(heads, PlainValues{ceiling}, points);
    }
}

}  // namespace movenet::MOVENET_VECTORS

#endif  // MOVENET_SRC_DECODE_HEADS_H
