// The rule as a plain transcription that looks at every cell: what the library is held against.

#ifndef MOVENET_TESTS_PLAIN_DECODE_H
#define MOVENET_TESTS_PLAIN_DECODE_H

#include <algorithm>
#include <cmath>
#include <vector>

#include "maps.h"
#include "movenet/postprocess.h"

// What a number of heatmap or center stands for.
inline float value_of(float number, movenet_values values) {
    switch (values) {
        case MOVENET_PROBABILITIES:
            return std::min(number, 1.0f);
        case MOVENET_LOGITS:
            return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(number))));
        default:
            return number;
    }
}

inline float finite_or_zero(float value) {
    return std::isfinite(value) ? value : 0.0f;
}

struct Cell {
    int x = -1;
    int y = -1;
};

// The first cell with the greatest score among the finite ones.
template <class Score>
Cell plain_argmax(const Maps& maps, const std::vector<float>& map, int channel, movenet_values values, Score score) {
    Cell best;
    float best_score = 0.0f;
    for (int y = 0; y < maps.grid; ++y) {
        for (int x = 0; x < maps.grid; ++x) {
            const float number = maps.at(map, channel, x, y);
            const float value = value_of(number, values);
            if (std::isfinite(number) && (best.x < 0 || score(value, x, y) > best_score)) {
                best = {x, y};
                best_score = score(value, x, y);
            }
        }
    }
    return best;
}

inline float reach(float dx, float dy) {
    return std::sqrt(dx * dx + dy * dy) + 1.8f;
}

inline std::vector<float> plain_decode(const Maps& maps, movenet_values values) {
    const float grid = static_cast<float>(maps.grid);
    Cell person = plain_argmax(maps, maps.center, 0, values, [&](float value, int x, int y) {
        return value * (1.0f / reach(static_cast<float>(x) - grid / 2.0f, static_cast<float>(y) - grid / 2.0f));
    });
    if (person.x < 0) {
        person = {maps.grid / 2, maps.grid / 2};
    }
    std::vector<float> points;
    for (int k = 0; k < maps.keypoints; ++k) {
        float x = static_cast<float>(person.x) + finite_or_zero(maps.at(maps.reg, 2 * k, person.x, person.y));
        float y = static_cast<float>(person.y) + finite_or_zero(maps.at(maps.reg, 2 * k + 1, person.x, person.y));
        float score = 0.0f;
        const Cell best = plain_argmax(maps, maps.heatmap, k, values, [&](float value, int cell_x, int cell_y) {
            return value / reach(static_cast<float>(cell_x) - x, static_cast<float>(cell_y) - y);
        });
        if (best.x >= 0) {
            x = static_cast<float>(best.x) + finite_or_zero(maps.at(maps.offset, 2 * k, best.x, best.y));
            y = static_cast<float>(best.y) + finite_or_zero(maps.at(maps.offset, 2 * k + 1, best.x, best.y));
            score = value_of(maps.at(maps.heatmap, k, best.x, best.y), values);
        }
        points.insert(points.end(), {x / grid, y / grid, score});
    }
    return points;
}

#endif  // MOVENET_TESTS_PLAIN_DECODE_H
