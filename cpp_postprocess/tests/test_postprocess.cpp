// The library against the rule: worked by hand, and against a plain transcription that looks at every cell.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "count_allocations.h"
#include "movenet/postprocess.h"

namespace {

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

std::vector<float> decode(const Maps& maps) {
    std::vector<float> points(3 * maps.keypoints);
    const movenet_status status = movenet_decode({maps.keypoints, maps.grid}, maps.heatmap.data(), maps.center.data(),
                                                 maps.reg.data(), maps.offset.data(), points.data());
    REQUIRE(status == MOVENET_OK);
    return points;
}

float finite_or_zero(float value) {
    return std::isfinite(value) ? value : 0.0f;
}

struct Cell {
    int x = -1;
    int y = -1;
};

// The first cell with the greatest score among the finite ones.
template <class Score>
Cell plain_argmax(const Maps& maps, const std::vector<float>& map, int channel, Score score) {
    Cell best;
    float best_score = 0.0f;
    for (int y = 0; y < maps.grid; ++y) {
        for (int x = 0; x < maps.grid; ++x) {
            const float value = maps.at(map, channel, x, y);
            if (std::isfinite(value) && (best.x < 0 || score(value, x, y) > best_score)) {
                best = {x, y};
                best_score = score(value, x, y);
            }
        }
    }
    return best;
}

float reach(float dx, float dy) {
    return std::sqrt(dx * dx + dy * dy) + 1.8f;
}

std::vector<float> plain_decode(const Maps& maps) {
    const float grid = static_cast<float>(maps.grid);
    Cell person = plain_argmax(maps, maps.center, 0, [&](float value, int x, int y) {
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
        const Cell best = plain_argmax(maps, maps.heatmap, k, [&](float value, int cell_x, int cell_y) {
            return value / reach(static_cast<float>(cell_x) - x, static_cast<float>(cell_y) - y);
        });
        if (best.x >= 0) {
            x = static_cast<float>(best.x) + finite_or_zero(maps.at(maps.offset, 2 * k, best.x, best.y));
            y = static_cast<float>(best.y) + finite_or_zero(maps.at(maps.offset, 2 * k + 1, best.x, best.y));
            score = maps.at(maps.heatmap, k, best.x, best.y);
        }
        points.insert(points.end(), {x / grid, y / grid, score});
    }
    return points;
}

using Random = std::mt19937;

void fill(std::vector<float>& map, Random& random, float low, float high, float special_share) {
    std::uniform_real_distribution<float> value(low, high), chance(0.0f, 1.0f);
    const float specials[] = {kNan, kInf, -kInf, 3e38f, -3e38f, 1e-42f, -0.0f};
    for (float& cell : map) {
        cell = chance(random) < special_share ? specials[random() % 7] : value(random);
    }
}

// Few different values, so that many cells tie.
void make_steps(std::vector<float>& map) {
    for (float& cell : map) {
        cell = std::isfinite(cell) && std::fabs(cell) < 100.0f ? std::round(cell * 4.0f) / 4.0f : cell;
    }
}

Maps random_maps(Random& random) {
    Maps maps(1 + static_cast<int>(random() % 4), 1 + static_cast<int>(random() % 70));
    const float special_share = random() % 3 == 0 ? 0.1f : 0.0f;
    const std::pair<float, float> ranges[] = {{0.0f, 1.0f}, {0.0f, 0.01f}, {-2.0f, 9.0f}, {-8.0f, -1.0f}};
    const auto [low, high] = ranges[random() % 4];
    fill(maps.heatmap, random, low, high, special_share);
    fill(maps.center, random, low, high, special_share);
    const float far = (random() % 2 ? 0.4f : 2.0f) * static_cast<float>(maps.grid);
    fill(maps.reg, random, -far, far, special_share);
    fill(maps.offset, random, -1.0f, 1.0f, special_share);
    if (random() % 2) {
        make_steps(maps.heatmap);
        make_steps(maps.center);
        make_steps(maps.reg);
    }
    return maps;
}

// Every cell scores the same but for rounding, so that the arithmetic's last bit decides.
Maps nearly_tied_maps(Random& random) {
    Maps maps(2, 2 + static_cast<int>(random() % 60));
    std::uniform_real_distribution<float> share(0.1f, 1.0f);
    const float middle = static_cast<float>(maps.grid) / 2.0f;
    const float height = share(random), center_height = share(random);
    // 4096ths of a cell: from any center cell reg leads there exactly, but squared distances are rounded.
    const float x = std::round(share(random) * 4096.0f * static_cast<float>(maps.grid)) / 4096.0f;
    const float y = std::round(share(random) * 4096.0f * static_cast<float>(maps.grid)) / 4096.0f;
    for (int row = 0; row < maps.grid; ++row) {
        for (int column = 0; column < maps.grid; ++column) {
            const float cell_x = static_cast<float>(column), cell_y = static_cast<float>(row);
            // A keypoint without a finite cell lies where reg points: here, at the center cell.
            maps.at(maps.heatmap, 1, column, row) = kNan;
            maps.at(maps.heatmap, 0, column, row) = height * reach(cell_x - x, cell_y - y);
            maps.at(maps.center, 0, column, row) = center_height * reach(cell_x - middle, cell_y - middle);
            maps.at(maps.reg, 0, column, row) = x - cell_x;
            maps.at(maps.reg, 1, column, row) = y - cell_y;
        }
    }
    return maps;
}

}  // namespace

TEST_CASE("a keypoint near its regressed point beats a slightly higher one far away") {
    Maps maps(1, 8);
    maps.at(maps.center, 0, 4, 4) = 0.9f;
    maps.at(maps.reg, 0, 4, 4) = -2.0f;
    maps.at(maps.reg, 1, 4, 4) = -1.0f;
    maps.at(maps.heatmap, 0, 2, 3) = 0.8f;  // 0.8 / 1.8
    maps.at(maps.heatmap, 0, 7, 7) = 0.9f;  // 0.9 / (sqrt(25 + 16) + 1.8)
    maps.at(maps.offset, 0, 2, 3) = 0.25f;
    maps.at(maps.offset, 1, 2, 3) = -0.5f;
    CHECK(decode(maps) == std::vector<float>{2.25f / 8.0f, 2.5f / 8.0f, 0.8f});
}

TEST_CASE("the person in the middle is taken, not the likelier one at the edge") {
    Maps maps(1, 8);
    maps.at(maps.center, 0, 4, 4) = 0.5f;  // 0.5 / 1.8
    maps.at(maps.center, 0, 0, 0) = 1.0f;  // 1 / (sqrt(32) + 1.8)
    maps.at(maps.heatmap, 0, 3, 4) = 0.4f;
    maps.at(maps.heatmap, 0, 0, 0) = 0.8f;
    CHECK(decode(maps) == std::vector<float>{3.0f / 8.0f, 4.0f / 8.0f, 0.4f});
}

TEST_CASE("of equal cells the first in row-major order wins") {
    Maps maps(1, 9);
    maps.at(maps.center, 0, 4, 4) = 1.0f;
    for (const auto& [x, y] : {std::pair{4, 2}, {2, 4}, {6, 4}, {4, 6}}) {
        maps.at(maps.heatmap, 0, x, y) = 0.7f;
    }
    CHECK(decode(maps) == std::vector<float>{4.0f / 9.0f, 2.0f / 9.0f, 0.7f});
}

TEST_CASE("values that are not finite are never selected") {
    Maps maps(1, 8);
    maps.at(maps.center, 0, 4, 4) = 0.5f;
    maps.at(maps.center, 0, 3, 4) = kInf;
    maps.at(maps.heatmap, 0, 1, 1) = 0.1f;
    maps.at(maps.heatmap, 0, 4, 4) = kNan;
    maps.at(maps.heatmap, 0, 4, 3) = kInf;
    maps.at(maps.heatmap, 0, 3, 4) = -kInf;
    maps.at(maps.offset, 0, 1, 1) = kNan;
    maps.at(maps.offset, 1, 1, 1) = kInf;
    CHECK(decode(maps) == std::vector<float>{1.0f / 8.0f, 1.0f / 8.0f, 0.1f});
}

TEST_CASE("maps without a finite cell give the regressed point of the middle cell, with score 0") {
    Maps maps(1, 5);
    maps.center.assign(maps.center.size(), kNan);
    maps.heatmap.assign(maps.heatmap.size(), kInf);
    maps.at(maps.reg, 0, 2, 2) = 1.5f;
    maps.at(maps.reg, 1, 2, 2) = kNan;
    CHECK(decode(maps) == std::vector<float>{3.5f / 5.0f, 2.0f / 5.0f, 0.0f});
}

TEST_CASE("the search agrees with a plain pass over every cell, to the bit") {
    Random random(20240501);
    for (int round = 0; round < 2000; ++round) {
        CAPTURE(round);
        const Maps maps = random_maps(random);
        REQUIRE(decode(maps) == plain_decode(maps));
    }
}

TEST_CASE("the search agrees with a plain pass where the last bit decides") {
    Random random(20240502);
    for (int round = 0; round < 1000; ++round) {
        CAPTURE(round);
        const Maps maps = nearly_tied_maps(random);
        REQUIRE(decode(maps) == plain_decode(maps));
    }
}

TEST_CASE("decoding allocates nothing") {
    const Maps maps(17, 48);
    std::vector<float> points(3 * maps.keypoints);
    const std::size_t before = allocation_count();
    movenet_decode({17, 48}, maps.heatmap.data(), maps.center.data(), maps.reg.data(), maps.offset.data(),
                   points.data());
    CHECK(allocation_count() == before);
}

TEST_CASE("bad sizes and missing arrays are refused and nothing is written") {
    const Maps maps(1, 4);
    std::vector<float> points(3, -7.0f);
    const auto status_of = [&](movenet_sizes sizes, const float* heatmap) {
        return movenet_decode(sizes, heatmap, maps.center.data(), maps.reg.data(), maps.offset.data(), points.data());
    };
    const float* heatmap = maps.heatmap.data();
    CHECK(status_of({1, 4}, nullptr) == MOVENET_NULL_POINTER);
    CHECK(status_of({0, 4}, heatmap) == MOVENET_BAD_KEYPOINTS);
    CHECK(status_of({MOVENET_MAX_KEYPOINTS + 1, 4}, heatmap) == MOVENET_BAD_KEYPOINTS);
    CHECK(status_of({1, -1}, heatmap) == MOVENET_BAD_GRID);
    CHECK(status_of({1, MOVENET_MAX_GRID + 1}, heatmap) == MOVENET_BAD_GRID);
    CHECK(points == std::vector<float>(3, -7.0f));
}

TEST_CASE("every status has a message of its own, and the limits stand in them") {
    CHECK(std::string(movenet_status_message(MOVENET_OK)) == "decoded");
    const std::string keypoints = movenet_status_message(MOVENET_BAD_KEYPOINTS);
    CHECK(keypoints.find(std::to_string(MOVENET_MAX_KEYPOINTS)) != std::string::npos);
    const std::string grid = movenet_status_message(MOVENET_BAD_GRID);
    CHECK(grid.find(std::to_string(MOVENET_MAX_GRID)) != std::string::npos);
    CHECK(std::string(movenet_status_message(static_cast<movenet_status>(5))) == "unknown status");
}
