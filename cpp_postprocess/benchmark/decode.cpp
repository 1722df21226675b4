// Time of one decode in microseconds, for peaked, flat and negative maps: movenet_benchmark [keypoints] [grid]

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <random>
#include <vector>

#include "movenet/postprocess.h"

namespace {

struct Maps {
    std::vector<float> heatmap, center, reg, offset;
};

void add_peak(float* map, int grid, float x, float y) {
    for (int row = 0; row < grid; ++row) {
        for (int column = 0; column < grid; ++column) {
            const float dx = static_cast<float>(column) - x, dy = static_cast<float>(row) - y;
            map[row * grid + column] += 0.9f * std::exp(-(dx * dx + dy * dy) / 2.0f);
        }
    }
}

// A person in the middle: a peak a keypoint, with reg pointing within a cell of it.
Maps peaked_maps(int keypoints, int grid, std::mt19937& random) {
    const int cells = grid * grid;
    std::uniform_real_distribution<float> noise(0.0f, 0.02f), place(0.1f, 0.9f), miss(-1.0f, 1.0f);
    Maps maps{std::vector<float>(keypoints * cells), std::vector<float>(cells),
              std::vector<float>(2 * keypoints * cells), std::vector<float>(2 * keypoints * cells)};
    std::generate(maps.heatmap.begin(), maps.heatmap.end(), [&] { return noise(random); });
    const float middle = static_cast<float>(grid) / 2.0f;
    add_peak(maps.center.data(), grid, middle, middle);
    for (int k = 0; k < keypoints; ++k) {
        const float x = place(random) * static_cast<float>(grid), y = place(random) * static_cast<float>(grid);
        add_peak(maps.heatmap.data() + k * cells, grid, x, y);
        std::fill_n(maps.reg.begin() + 2 * k * cells, cells, x - middle + miss(random));
        std::fill_n(maps.reg.begin() + (2 * k + 1) * cells, cells, y - middle + miss(random));
    }
    return maps;
}

// The fastest of many short runs: what the code costs when nothing else disturbs it.
double microseconds(const Maps& maps, movenet_sizes sizes) {
    using Clock = std::chrono::steady_clock;
    std::vector<float> points(3 * sizes.keypoints);
    double fastest = 1e9;
    for (int run = 0; run < 300; ++run) {
        constexpr int kCalls = 20;
        const auto start = Clock::now();
        for (int call = 0; call < kCalls; ++call) {
            movenet_decode(sizes, maps.heatmap.data(), maps.center.data(), maps.reg.data(), maps.offset.data(),
                           points.data());
        }
        const std::chrono::duration<double, std::micro> took = Clock::now() - start;
        fastest = std::min(fastest, took.count() / kCalls);
    }
    return fastest;
}

}  // namespace

int main(int argc, char** argv) {
    const movenet_sizes sizes{argc > 1 ? std::atoi(argv[1]) : 17, argc > 2 ? std::atoi(argv[2]) : 48};
    if (sizes.keypoints < 1 || sizes.grid < 1) {
        std::fprintf(stderr, "usage: movenet_benchmark [keypoints] [grid]\n");
        return 2;
    }
    std::mt19937 random(1);
    Maps maps = peaked_maps(sizes.keypoints, sizes.grid, random);
    std::printf("%d keypoints, %d x %d cells\n", sizes.keypoints, sizes.grid, sizes.grid);
    std::printf("peaked   %7.2f us\n", microseconds(maps, sizes));
    std::uniform_real_distribution<float> low(0.0f, 0.02f);
    std::generate(maps.heatmap.begin(), maps.heatmap.end(), [&] { return low(random); });
    std::printf("flat     %7.2f us\n", microseconds(maps, sizes));
    std::transform(maps.heatmap.begin(), maps.heatmap.end(), maps.heatmap.begin(), [](float value) { return -value; });
    std::printf("negative %7.2f us\n", microseconds(maps, sizes));
    return 0;
}
