// The decode rule's argmax as an exact search outward from the target: the cell that wins usually lies near it.
//
// The map is searched in tiles of 4 x 8 cells. The tile around the target is scored first. Its best score tells how far
// a winner can be away at most, since no value exceeds the ceiling, and how high a value in each farther tile must be.
// Tiles within that distance are visited outward; only those that hold such a value are scored. Of the 72 tiles of a
// recorded 48 x 48 map, 29 are visited and two or three scored on average.
//
// Both bounds are for real numbers. A score is rounded a few times, each time by less than 2^-23 of it, so bounds are
// loosened by far more than that (kLooser), and not used at all near the subnormal numbers (kSmallest).

#ifndef MOVENET_SRC_SEARCH_H
#define MOVENET_SRC_SEARCH_H

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>

#include "head.h"
#include "row.h"

#if defined(__GNUC__)
#define MOVENET_NOINLINE __attribute__((noinline))
#else
#define MOVENET_NOINLINE
#endif

namespace movenet {

constexpr float kReachAtZero = 1.8f;
constexpr float kNothing = -std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kLooser = 1e-4f;     // by what share bounds are loosened
constexpr float kSmallest = 1e-30f;  // the smallest score that bounds anything
constexpr int kTileCells = kTileRows * kTileColumns;

struct Point {
    float x;
    float y;
};

struct Candidate {
    float score = kNothing;
    int x = -1;
    int y = -1;

    bool found() const { return y >= 0; }
    bool loses_to(const Candidate& other) const {
        return other.score > score ||
               (other.score == score && other.found() && (other.y < y || (other.y == y && other.x < x)));
    }
};

// The two ways in which the rule weighs a value by its reach; they round differently.
struct CenterRule {
    static Row score(Row value, Row reach) { return value * (Row::fill(1.0f) / reach); }
};
struct KeypointRule {
    static Row score(Row value, Row reach) { return value / reach; }
};

// What stored numbers mean (movenet_values): the ceiling that no value exceeds, the value of a number, the least number
// whose value can reach a given one, and the values of a whole tile.

// Numbers that are values themselves, but none above the ceiling.
struct PlainValues {
    float ceiling;

    float value(float number) const { return std::min(number, ceiling); }
    float least_number(float value) const { return value; }

    // The values of a tile's numbers, NaN for those that cannot be selected.
    void read(const Row* numbers, const Row*, float, Row* values) const {
        for (int i = 0; i < kTileRows; ++i) {
            values[i] = min(numbers[i], Row::fill(ceiling)).where_finite(numbers[i]);
        }
    }
};

struct Logits {
    static constexpr float ceiling = 1.0f;

    // Never decreases with the number: neighbouring floats lie much further apart than float64 errs.
    float value(float number) const { return static_cast<float>(1.0 / (1.0 + std::exp(-static_cast<double>(number)))); }

    // logit(p) = ln p - ln(1 - p) is at least ln 2 * log2 p + p. The float's own exponent and mantissa, read as a fixed
    // point number, are at most its log2.
    float least_number(float value) const {
        if (!(value >= std::numeric_limits<float>::min())) {
            return kNothing;
        }
        std::int32_t bits;
        std::memcpy(&bits, &value, sizeof bits);
        const float log2 = static_cast<float>(bits - 0x3f800000) * 0x1p-23f;
        return 0.69314718f * log2 + value - kLooser;
    }

    // Computes only those values that can score `score`, or what the tile's highest number does.
    void read(const Row* numbers, const Row* reaches, float score, Row* values) const {
        float number[kTileCells], reach[kTileCells], read[kTileCells];
        Row highest = Row::fill(kNothing);
        for (int i = 0; i < kTileRows; ++i) {
            const Row finite = numbers[i].where_finite(numbers[i]);
            finite.store(number + i * kTileColumns);
            reaches[i].store(reach + i * kTileColumns);
            highest = max(finite, highest);
            values[i] = Row::fill(kNan);
            values[i].store(read + i * kTileColumns);
        }
        const float top = highest.highest();
        if (top == kNothing) {
            return;
        }
        const auto compute = [&](int cell) {
            read[cell] = value(number[cell]);
            score = std::max(score, read[cell] / reach[cell]);
        };
        compute(static_cast<int>(std::find(number, number + kTileCells, top) - number));
        for (int i = 0; i < kTileCells; ++i) {
            const float needed = score > kSmallest ? score * (1.0f - kLooser) : 0.0f;
            if (number[i] >= least_number(needed * reach[i])) {
                compute(i);
            }
        }
        for (int i = 0; i < kTileRows; ++i) {
            values[i] = Row::load(read + i * kTileColumns);
        }
    }
};

// The lowest bit that is set, of a number with one.
inline int lowest_bit(std::uint32_t bits) {
#if defined(__GNUC__)
    return __builtin_ctz(bits);
#else
    int place = 0;
    for (; !(bits >> place & 1u); ++place) {
    }
    return place;
#endif
}

template <class Rule, class Tiles, class Values>
class Search {
public:
    Search() = default;  // to be assigned: an array of searches needs no values yet
    Search(const Tiles& tiles, int grid, const Values& values, Point target)
        : tiles_(tiles), grid_(grid), values_(values), target_(target) {
        const float last = static_cast<float>(grid - 1);
        x_ = first_column(static_cast<int>(std::clamp(target.x, 0.0f, last)) - (kTileColumns - 1) / 2);
        y_ = first_row(static_cast<int>(std::clamp(target.y, 0.0f, last)) - (kTileRows - 1) / 2);
        best_ = best_of(x_, y_);
        set_bounds();
    }

    // The best cell; not found if no cell is finite.
    Candidate run() {
        search_band(0);
        for (int distance = 1; distance <= std::max(above_, below_); ++distance) {
            if (distance <= above_) {
                search_band(-distance);
            }
            if (distance <= below_) {
                search_band(distance);
            }
        }
        return best_;
    }

private:
    using Tile = typename Tiles::Tile;

    // Tiles at the border are moved inside: they overlap their neighbours instead of crossing it.
    int first_column(int x) const { return std::max(0, std::min(x, grid_ - kTileColumns)); }
    int first_row(int y) const { return std::max(0, std::min(y, grid_ - kTileRows)); }

    // From the best score: how many tiles on each side of the first can hold a winner, and how high its value is.
    void set_bounds() {
        const bool bounded = best_.score > kSmallest;
        const float radius = bounded ? values_.ceiling / best_.score * (1.0f + kLooser) - kReachAtZero
                                     : std::numeric_limits<float>::max();
        needed_ = bounded ? best_.score * (1.0f - kLooser) : 0.0f;
        allowance_ = bounded ? 0.0f : kNothing;
        const float last = static_cast<float>(grid_ - 1);
        const auto cell = [last](float place) { return static_cast<int>(std::clamp(place, 0.0f, last)); };
        left_ = (x_ + kTileColumns - 1 - cell(target_.x - radius)) / kTileColumns;
        right_ = (cell(target_.x + radius) - x_) / kTileColumns;
        above_ = (y_ + kTileRows - 1 - cell(target_.y - radius)) / kTileRows;
        below_ = (cell(target_.y + radius) - y_) / kTileRows;
    }

    // One row of tiles, `band` rows of tiles below the first tile.
    void search_band(int band) {
        constexpr float half_width = (kTileColumns - 1) / 2.0f, half_height = (kTileRows - 1) / 2.0f;
        const int unclamped_y = y_ + band * kTileRows;
        const int y = first_row(unclamped_y);
        // A tile is as far away as the greater of its horizontal and vertical distances, at least.
        const float dy = std::fabs(static_cast<float>(unclamped_y) + half_height - target_.y) - half_height;
        const float nearest = std::max(dy, 0.0f) + half_width;
        const int end = x_ + right_ * kTileColumns;
        int unclamped_x = x_ - left_ * kTileColumns;
        float middle = static_cast<float>(unclamped_x) + half_width;
        for (; unclamped_x <= end; unclamped_x += kTileColumns, middle += kTileColumns) {
            const int x = first_column(unclamped_x);
            const float reach = std::max(nearest, std::fabs(middle - target_.x)) + (kReachAtZero - half_width);
            const float value = needed_ * reach + allowance_;
            if (reaches(tiles_.tile(x, y), values_.least_number(value)) && !(x == x_ && y == y_)) {
                improve(x, y);
            }
        }
    }

    MOVENET_NOINLINE void improve(int x, int y) {
        const Candidate other = best_of(x, y);
        if (best_.loses_to(other)) {
            best_ = other;
            set_bounds();
        }
    }

    // Whether a number of the tile is `least` or more; true, too, of some tiles with NaN.
    static bool reaches(const Tile& tile, float least) {
        Row highest = tile.row(0);
        for (int i = 1; i < kTileRows; ++i) {
            highest = max(tile.row(i), highest);
        }
        return highest.reaches(least);
    }

    // The first of the cells of a tile that score best.
    Candidate best_of(int x, int y) const {
        const Tile tile = tiles_.tile(x, y);
        const Row dx = Row::count_from(static_cast<float>(x)) - Row::fill(target_.x);
        const Row dx_squared = dx * dx;
        Row numbers[kTileRows], reaches[kTileRows], values[kTileRows];
        for (int i = 0; i < kTileRows; ++i) {
            const float dy = static_cast<float>(y + i) - target_.y;
            numbers[i] = tile.row(i);
            reaches[i] = sqrt(dx_squared + Row::fill(dy * dy)) + Row::fill(kReachAtZero);
        }
        values_.read(numbers, reaches, best_.score, values);
        Row scores[kTileRows], highest = Row::fill(kNothing);
        for (int i = 0; i < kTileRows; ++i) {
            scores[i] = Rule::score(values[i], reaches[i]);
            highest = max(scores[i], highest);
        }
        const float top = highest.highest();
        std::uint32_t places = 1u << (kTileCells - 1);  // stands in where no cell has a score
        for (int i = 0; i < kTileRows; ++i) {
            places |= scores[i].equals(top) << i * kTileColumns;
        }
        const int place = lowest_bit(places);
        return top > kNothing ? Candidate{top, x + place % kTileColumns, y + place / kTileColumns} : Candidate{};
    }

    Tiles tiles_;
    int grid_;
    Values values_;
    Point target_;
    Candidate best_;
    int x_, y_;                         // the first tile's first cell
    int left_, right_, above_, below_;  // how many tiles further the search goes
    float needed_;                      // the value that a winner has at least, for each unit of its reach
    float allowance_;                   // minus infinity while any value may win, else 0
};

}  // namespace movenet

#endif  // MOVENET_SRC_SEARCH_H
