// The decode rule of movenet/postprocess.h as an exact search that looks closely at few rows.
//
// A row's largest value and its distance from the regressed point bound every score in it. Rows are visited outward
// from that point, where the winner usually lies, so most of the others need one pass of maxima and no square root.
//
// The bound holds for the rounded scores too, not only for the real ones: rounding is monotonic, so computing the bound
// by the score's own operations on a larger value and a smaller distance cannot give less than any score of the row.

#include "movenet/postprocess.h"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstddef>
#include <limits>

#ifdef __FAST_MATH__
#error "the decoder must not be compiled with -ffast-math: the rule fixes the order of operations, and NaN must be seen"
#endif
static_assert(FLT_EVAL_METHOD == 0, "the decoder needs float32 arithmetic without excess precision (-mfpmath=sse)");

namespace {

constexpr float kReachAtZero = 1.8f;
constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr int kLanes = 32;  // independent maxima, so that the compiler can use vector registers for them
constexpr int kChunk = 64;  // cells scored at once, in a buffer on the stack

struct Map {
    const float* cells;
    int grid;

    const float* row(int y) const { return cells + static_cast<std::ptrdiff_t>(y) * grid; }
    float at(int x, int y) const { return row(y)[x]; }
};

struct Point {
    float x;
    float y;
};

struct Candidate {
    float score = kNothing;
    int x = -1;
    int y = -1;

    bool found() const { return y >= 0; }

    // Whether a cell of row `other_y` with this score comes before the candidate. Within a row cells are offered from
    // left to right, so an equal one of the same row never does.
    bool loses_to(float other_score, int other_y) const {
        return other_score > score || (other_score == score && other_y < y);
    }
};

// How far apart a cell and a point are, as the rule counts it.
inline float reach(float dx, float dy) {
    return std::sqrt(dx * dx + dy * dy) + kReachAtZero;
}

// The two ways in which the rule weighs a value by its reach; they round differently.
struct CenterRule {
    static float score(float value, float reach) { return value * (1.0f / reach); }
};
struct KeypointRule {
    static float score(float value, float reach) { return value / reach; }
};

inline bool is_finite(float value) {
    return std::fabs(value) <= FLT_MAX;
}

inline float finite_or_zero(float value) {
    return is_finite(value) ? value : 0.0f;
}

// The largest value that is not NaN; minus infinity if there is none.
inline float largest(const float* values, int count) {
    float lanes[kLanes];
    std::fill(lanes, lanes + kLanes, kNothing);
    int start = 0;
    for (; start + kLanes <= count; start += kLanes) {
        for (int lane = 0; lane < kLanes; ++lane) {
            const float value = values[start + lane];
            lanes[lane] = value > lanes[lane] ? value : lanes[lane];
        }
    }
    for (int lane = 0; start + lane < count; ++lane) {
        const float value = values[start + lane];
        lanes[lane] = value > lanes[lane] ? value : lanes[lane];
    }
    for (int width = kLanes / 2; width > 0; width /= 2) {
        for (int lane = 0; lane < width; ++lane) {
            lanes[lane] = lanes[lane + width] > lanes[lane] ? lanes[lane + width] : lanes[lane];
        }
    }
    return lanes[0];
}

// Scores every cell of a row and keeps the best in `best`.
template <class Rule>
void search_row(const Map& map, int y, Point target, Candidate& best) {
    const float* row = map.row(y);
    const float dy = static_cast<float>(y) - target.y;
    for (int start = 0; start < map.grid; start += kChunk) {
        const int count = std::min(kChunk, map.grid - start);
        float scores[kChunk];
        for (int i = 0; i < count; ++i) {
            const float value = row[start + i];
            const float score = Rule::score(value, reach(static_cast<float>(start + i) - target.x, dy));
            scores[i] = is_finite(value) ? score : kNothing;
        }
        const float top = largest(scores, count);
        if (best.loses_to(top, y)) {
            const int x = start + static_cast<int>(std::find(scores, scores + count, top) - scores);
            best = {top, x, y};
        }
    }
}

// The best cell of a map for a target point, in cells; not found if no cell is finite.
template <class Rule>
Candidate search(const Map& map, Point target) {
    const float last = static_cast<float>(map.grid - 1);
    // 0 where the target lies between the first and the last column; else the way to the nearer of the two.
    const float nearest_dx = std::clamp(target.x, 0.0f, last) - target.x;
    Candidate best;
    const auto visit = [&](int y) {
        // 0, not a negative maximum: a negative score grows with the distance.
        const float highest = std::max(0.0f, largest(map.row(y), map.grid));
        const float bound = Rule::score(highest, reach(nearest_dx, static_cast<float>(y) - target.y));
        // An infinite value makes the bound infinite or NaN, and the row is searched.
        if (bound < best.score || (bound == best.score && y > best.y)) {
            return;
        }
        search_row<Rule>(map, y, target, best);
    };
    int above = static_cast<int>(std::clamp(target.y, 0.0f, last));
    int below = above + 1;
    while (above >= 0 || below < map.grid) {
        if (above >= 0) {
            visit(above--);
        }
        if (below < map.grid) {
            visit(below++);
        }
    }
    return best;
}

Candidate find_center(const Map& center) {
    const float middle = static_cast<float>(center.grid) / 2.0f;
    const Candidate best = search<CenterRule>(center, {middle, middle});
    return best.found() ? best : Candidate{0.0f, center.grid / 2, center.grid / 2};
}

// The two channels, x then y, that reg or offset hold for one keypoint, at one cell.
Point read_shift(const float* maps, int keypoint, int grid, const Candidate& cell) {
    const std::ptrdiff_t channel = static_cast<std::ptrdiff_t>(grid) * grid;
    const float* x_map = maps + 2 * keypoint * channel;
    return {finite_or_zero(Map{x_map, grid}.at(cell.x, cell.y)),
            finite_or_zero(Map{x_map + channel, grid}.at(cell.x, cell.y))};
}

void write_point(float* point, Point place_cells, float score, float grid) {
    point[0] = place_cells.x / grid;
    point[1] = place_cells.y / grid;
    point[2] = score;
}

movenet_status check(movenet_sizes sizes, bool all_arrays_given) {
    if (!all_arrays_given) {
        return MOVENET_NULL_POINTER;
    }
    if (sizes.keypoints < 1 || sizes.keypoints > MOVENET_MAX_KEYPOINTS) {
        return MOVENET_BAD_KEYPOINTS;
    }
    if (sizes.grid < 1 || sizes.grid > MOVENET_MAX_GRID) {
        return MOVENET_BAD_GRID;
    }
    return MOVENET_OK;
}

}  // namespace

extern "C" movenet_status movenet_decode(movenet_sizes sizes, const float* heatmap, const float* center,
                                         const float* reg, const float* offset, float* points) noexcept {
    const movenet_status status = check(sizes, heatmap && center && reg && offset && points);
    if (status != MOVENET_OK) {
        return status;
    }
    const int grid = sizes.grid;
    const float grid_cells = static_cast<float>(grid);
    const Candidate person = find_center({center, grid});
    for (int k = 0; k < sizes.keypoints; ++k) {
        const Map map{heatmap + static_cast<std::ptrdiff_t>(k) * grid * grid, grid};
        const Point shift = read_shift(reg, k, grid, person);
        const Point regressed{static_cast<float>(person.x) + shift.x, static_cast<float>(person.y) + shift.y};
        const Candidate best = search<KeypointRule>(map, regressed);
        if (best.found()) {
            const Point fine = read_shift(offset, k, grid, best);
            const Point place{static_cast<float>(best.x) + fine.x, static_cast<float>(best.y) + fine.y};
            write_point(points + 3 * k, place, map.at(best.x, best.y), grid_cells);
        } else {
            write_point(points + 3 * k, regressed, 0.0f, grid_cells);
        }
    }
    return MOVENET_OK;
}

extern "C" const char* movenet_status_message(movenet_status status) noexcept {
    switch (status) {
        case MOVENET_OK:
            return "decoded";
        case MOVENET_NULL_POINTER:
            return "heatmap, center, reg, offset and points must all be given, one of them is NULL";
        case MOVENET_BAD_KEYPOINTS:
            return "the number of keypoints must be 1 to 4096";
        case MOVENET_BAD_GRID:
            return "the grid must be 1 to 4096 cells wide";
    }
    return "unknown status";
}
