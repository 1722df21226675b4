// The library against the rule: worked by hand, and against a plain transcription that looks at every cell.
// Layouts, types and bad input are in test_tensors.cpp.

#define DOCTEST_CONFIG_IMPLEMENT_WITH_MAIN
#include <doctest/doctest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <limits>
#include <random>
#include <thread>
#include <utility>
#include <vector>

#include "count_allocations.h"
#include "maps.h"
#include "movenet/postprocess.h"
#include "plain_decode.h"

namespace {

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

TEST_CASE("of cells that are all infinitely far away the first one wins, wherever it lies") {
    constexpr float far = std::numeric_limits<float>::max();
    for (const auto& [x, y] : {std::pair{far, 0.0f}, {-far, 0.0f}, {0.0f, far}, {0.0f, -far}, {-far, -far}}) {
        for (const auto& [first_x, first_y, second_x, second_y] : {std::array{23, 0, 0, 1}, {0, 20, 0, 23}}) {
            Maps maps(1, 24);
            maps.at(maps.center, 0, 12, 12) = 1.0f;
            maps.at(maps.reg, 0, 12, 12) = x;
            maps.at(maps.reg, 1, 12, 12) = y;
            maps.heatmap.assign(maps.heatmap.size(), kNan);
            maps.at(maps.heatmap, 0, first_x, first_y) = 0.25f;  // 0.25 / infinity
            maps.at(maps.heatmap, 0, second_x, second_y) = 0.5f;
            const auto place = [](int cell) { return static_cast<float>(cell) / 24.0f; };
            CHECK(decode(maps) == std::vector<float>{place(first_x), place(first_y), 0.25f});
        }
    }
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

TEST_CASE("a probability above 1 is read as 1, wherever it lies") {
    Maps maps(1, 16);
    maps.at(maps.center, 0, 8, 8) = 1.0f;
    maps.at(maps.heatmap, 0, 8, 8) = 0.9f;   // 0.9 / 1.8
    maps.at(maps.heatmap, 0, 9, 8) = 50.0f;  // 1 / 2.8
    maps.at(maps.heatmap, 0, 0, 0) = 50.0f;
    CHECK(decode(maps, MOVENET_PROBABILITIES) == std::vector<float>{0.5f, 0.5f, 0.9f});
    CHECK(decode(maps, MOVENET_ANY) == std::vector<float>{9.0f / 16.0f, 0.5f, 50.0f});
    maps.at(maps.heatmap, 0, 8, 8) = 0.0f;
    CHECK(decode(maps, MOVENET_PROBABILITIES) == std::vector<float>{9.0f / 16.0f, 0.5f, 1.0f});
}

TEST_CASE("logits are compared and reported as probabilities") {
    Maps maps(1, 8);
    maps.center.assign(maps.center.size(), -9.0f);
    maps.heatmap.assign(maps.heatmap.size(), -9.0f);
    maps.at(maps.center, 0, 4, 4) = 0.0f;
    maps.at(maps.heatmap, 0, 4, 4) = 0.0f;  // 0.5 / 1.8; as it is, 0 would lose to 1 / 2.8
    maps.at(maps.heatmap, 0, 5, 4) = 1.0f;  // 0.73 / 2.8
    CHECK(decode(maps, MOVENET_LOGITS) == std::vector<float>{0.5f, 0.5f, 0.5f});
}

constexpr movenet_values kAllValues[] = {MOVENET_ANY, MOVENET_PROBABILITIES, MOVENET_LOGITS};

TEST_CASE("the search agrees with a plain pass over every cell, to the bit") {
    Random random(20240501);
    for (int round = 0; round < 2000; ++round) {
        CAPTURE(round);
        const Maps maps = random_maps(random);
        for (const movenet_values values : kAllValues) {
            CAPTURE(values);
            REQUIRE(decode(maps, values) == plain_decode(maps, values));
        }
    }
}

TEST_CASE("the search agrees with a plain pass where the last bit decides") {
    Random random(20240502);
    for (int round = 0; round < 1000; ++round) {
        CAPTURE(round);
        Maps maps = nearly_tied_maps(random);
        REQUIRE(decode(maps, MOVENET_ANY) == plain_decode(maps, MOVENET_ANY));
        // Scaled to stay below 1 at every cell of the grid.
        for (std::vector<float>* map : {&maps.heatmap, &maps.center}) {
            std::transform(map->begin(), map->end(), map->begin(), [](float value) { return value / 128.0f; });
        }
        REQUIRE(decode(maps, MOVENET_PROBABILITIES) == plain_decode(maps, MOVENET_PROBABILITIES));
    }
}

TEST_CASE("decoding allocates nothing") {
    const Maps maps(17, 48);
    const movenet_heads heads = heads_of(maps);
    std::vector<float> points(3 * maps.keypoints);
    const std::size_t before = allocation_count();
    const movenet_status status = movenet_decode(&heads, points.data());
    CHECK(allocation_count() == before);
    CHECK(status == MOVENET_OK);
}

TEST_CASE("eight threads that decode at once do not disturb each other") {
    Random random(20240503);
    std::vector<Maps> images;
    std::vector<std::vector<float>> expected;
    for (int i = 0; i < 8; ++i) {
        images.push_back(random_maps(random));
        expected.push_back(plain_decode(images.back(), kAllValues[i % 3]));
    }
    std::vector<int> agreements(8, 0);
    std::vector<std::thread> threads;
    for (int thread = 0; thread < 8; ++thread) {
        threads.emplace_back([&, thread] {
            for (int i = 0; i < 8; ++i) {  // all threads read all images
                const int image = (thread + i) % 8;
                agreements[thread] += decode(images[image], kAllValues[image % 3]) == expected[image];
            }
        });
    }
    for (std::thread& thread : threads) {
        thread.join();
    }
    CHECK(agreements == std::vector<int>(8, 8));
}
