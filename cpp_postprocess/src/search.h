// The decode rule's argmax as an exact search outward from the target: the cell that wins usually lies near it.
//
// The map is searched in tiles of 4 x 8 cells. The tile around the target is scored first. Its best score tells how far
// a winner can be away at most, since no value exceeds the ceiling, and how high a value in each farther column must
// be. Tiles within that distance are visited outward, and only those that hold such a value are scored: few on recorded
// maps.
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

namespace movenet::MOVENET_VECTORS {

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
    float score;
    int x;
    int y;

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

// The rows of a tile of adjacent floats where they lie: nothing is copied. For grids that whole tiles fill.
struct PackedTiles {
    static_assert(kTileColumns % kTileRows == 0, "a grid that whole tiles fill sideways must be filled upright, too");
    const float* cells;
    std::ptrdiff_t row_step;

    PackedTiles() = default;
    PackedTiles(const Plane& plane, int) : cells(static_cast<const float*>(plane.data)), row_step(plane.row_step) {}

    static bool can_read(const Plane& plane, int grid) {
        return plane.type == MOVENET_FLOAT32 && plane.column_step == 1 && grid % kTileColumns == 0;
    }

    struct Tile {
        const float* first;
        std::ptrdiff_t row_step;
        Row row(int index) const { return Row::load(first + index * row_step); }
    };
    Tile tile(int x, int y) const { return {cells + y * row_step + x, row_step}; }
};

// Tiles of any other plane, turned into floats as they are looked at.
struct ConvertedTiles {
    Plane plane;
    int grid;

    ConvertedTiles() = default;
    ConvertedTiles(const Plane& plane, int grid) : plane(plane), grid(grid) {}

    struct Tile {
        float cells[kTileRows * kTileColumns];
        Row row(int index) const { return Row::load(cells + index * kTileColumns); }
    };
    Tile tile(int x, int y) const {
        Tile tile;
        plane.read_tile(x, y, grid, tile.cells);
        return tile;
    }
};

// The value that a winner has at least, for each unit of its reach, where `best` is scored already.
inline float needed_value(float best) {
    return best > kSmallest ? best * (1.0f - kLooser) : kNothing;
}

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

// What stored numbers mean (movenet_values): the ceiling that no value exceeds, the value of a number, the least number
// whose value can reach a given one, and the values of a whole tile.

// Numbers that are values themselves, but none above the ceiling.
struct PlainValues {
    float ceiling;

    float value(float number) const { return std::min(number, ceiling); }
    Row least_number(Row value) const { return value; }

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
    // point number, are at most its log2. The value is minus infinity or above kSmallest, so not subnormal.
    Row least_number(Row value) const {
        const Row log2 = (value.bits() - Row::fill(0x3f800000)) * Row::fill(0x1p-23f);
        return Row::fill(0.69314718f) * log2 + value - Row::fill(kLooser);
    }

    // Computes the value of the tile's highest number, and only those others that can score as much, or `score`.
    void read(const Row* numbers, const Row* reaches, float score, Row* values) const {
        float number[kTileCells], read[kTileCells], reach[kTileCells];
        Row finite[kTileRows], highest = Row::fill(kNothing);
        for (int i = 0; i < kTileRows; ++i) {
            finite[i] = numbers[i].where_finite(numbers[i]);
            finite[i].store(number + i * kTileColumns);
            reaches[i].store(reach + i * kTileColumns);
            Row::fill(kNan).store(read + i * kTileColumns);
            highest = max(finite[i], highest);
        }
        const float top = highest.highest();
        if (top > kNothing) {
            const auto place = std::find(number, number + kTileCells, top) - number;
            const float needed = needed_value(std::max(score, value(top) / reach[place]));
            for (int i = 0; i < kTileRows; ++i) {
                unsigned able = finite[i].at_least(least_number(Row::fill(needed) * reaches[i]));
                for (; able; able &= able - 1) {
                    const int cell = i * kTileColumns + lowest_bit(able);
                    read[cell] = value(number[cell]);
                }
            }
        }
        for (int i = 0; i < kTileRows; ++i) {
            values[i] = Row::load(read + i * kTileColumns);
        }
    }
};

template <class Rule, class Tiles, class Values>
class Search {
public:
    Search() = default;  // to be assigned: an array of searches needs no values yet
    Search(const Tiles& tiles, int grid, const Values& values, Point target)
        : tiles_(tiles), grid_(grid), values_(values), target_(target), best_{kNothing, -1, -1} {
        x_ = higher(0, lower(nearest_cell(target.x) - (kTileColumns - 1) / 2, last_start(kTileColumns)));
        y_ = higher(0, lower(nearest_cell(target.y) - (kTileRows - 1) / 2, last_start(kTileRows)));
        best_ = best_of(x_, y_);
        set_bounds();
    }

    // The best cell; not found if no cell is finite.
    Candidate run() {
        // Beside the first tile, then above and below it.
        for (int x = x_ - kTileColumns; x + kTileColumns > left_; x -= kTileColumns) {
            search_tiles(higher(0, x), 1, y_);
        }
        search_columns(x_ + kTileColumns, right_, y_);
        int up = y_ - kTileRows, down = y_ + kTileRows;
        for (; up + kTileRows > top_ || down <= bottom_; up -= kTileRows, down += kTileRows) {
            if (up + kTileRows > top_) {
                search_columns(left_, right_, higher(0, up));
            }
            if (down <= bottom_) {
                search_columns(left_, right_, lower(down, last_start(kTileRows)));
            }
        }
        return best_;
    }

private:
    using Tile = typename Tiles::Tile;

    // By value: std::min and std::max of references keep both in memory.
    static int lower(int a, int b) { return a < b ? a : b; }
    static int higher(int a, int b) { return a > b ? a : b; }

    // The last row or column at which `length` cells inside the grid begin; 0 in smaller grids.
    int last_start(int length) const { return higher(0, grid_ - length); }

    int nearest_cell(float place) const {
        const float last = static_cast<float>(grid_ - 1);
        place = place > 0.0f ? place : 0.0f;
        return static_cast<int>(place < last ? place : last);
    }

    // From the best score: the square of cells that can hold a winner, and how high its value is.
    void set_bounds() {
        needed_ = needed_value(best_.score);
        // Infinite, not large: the target may lie as far away as floats reach.
        const float radius = best_.score > kSmallest ? values_.ceiling / best_.score * (1.0f + kLooser) - kReachAtZero
                                                     : std::numeric_limits<float>::infinity();
        left_ = nearest_cell(target_.x - radius);
        right_ = nearest_cell(target_.x + radius);
        top_ = nearest_cell(target_.y - radius);
        bottom_ = nearest_cell(target_.y + radius);
    }

    // The tiles that begin at row `y` and hold the columns `first` to `last`; at the right border they begin further
    // left. Only converted tiles may reach beyond the grid.
    void search_columns(int first, int last, int y) {
        if (first <= last) {
            const int tiles = (last - first) / kTileColumns + 1;
            search_tiles(higher(0, lower(first, grid_ - tiles * kTileColumns)), tiles, y);
        }
    }

    // `count` tiles side by side, the first one from cell (x, y) on.
    void search_tiles(int x, int count, int y) {
        constexpr float half_height = (kTileRows - 1) / 2.0f;
        // A cell is at least as far away as its column is, and as the tile's nearest row is.
        const float dy = std::fabs(static_cast<float>(y) + half_height - target_.y) - half_height;
        const Row nearest = Row::fill(dy > 0.0f ? dy : 0.0f);
        Row dx = Row::count_from(static_cast<float>(x) - target_.x), needed = Row::fill(needed_);
        const Tiles tiles = tiles_;
        for (const int end = x + count * kTileColumns; x < end; x += kTileColumns) {
            const Row least = needed * (max(abs(dx), nearest) + Row::fill(kReachAtZero));
            if (highest_row(tiles.tile(x, y)).reaches(values_.least_number(least))) {
                improve(x, y);
                needed = Row::fill(needed_);
            }
            dx = dx + Row::fill(kTileColumns);
        }
    }

    // The highest number of each of a tile's columns. NaN does not count, or reaches anything.
    static Row highest_row(const Tile& tile) {
        Row highest = tile.row(0);
        for (int i = 1; i < kTileRows; ++i) {
            highest = max(tile.row(i), highest);
        }
        return highest;
    }

    MOVENET_NOINLINE void improve(int x, int y) {
        const Candidate other = best_of(x, y);
        if (best_.loses_to(other)) {
            best_ = other;
            set_bounds();
        }
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
        return top > kNothing ? Candidate{top, x + place % kTileColumns, y + place / kTileColumns}
                              : Candidate{kNothing, -1, -1};
    }

    Tiles tiles_;
    int grid_;
    Values values_;
    Point target_;
    Candidate best_;
    int x_, y_;                        // the first tile's first cell
    int left_, right_, top_, bottom_;  // the first and last column and row that can hold a winner
    float needed_;                     // the value that a winner has at least, for each unit of its reach
};

}  // namespace movenet::MOVENET_VECTORS

#endif  // MOVENET_SRC_SEARCH_H
