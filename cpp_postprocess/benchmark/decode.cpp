// Microseconds of one decode on recorded heads: movenet_benchmark HEADS [rounds] [case]
//
// HEADS holds three int32 (frames, keypoints, grid), then heatmap, center, reg and offset of all frames in float32, as
// benchmarks/decode.py records them. Before each decode the heads are copied to the same place, as a network leaves
// them there: in the second level cache. Of each frame the fastest of the rounds counts; printed is the mean of frames.

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#define MOVENET_VECTORS common
#include "../src/row.h"
#include "movenet/postprocess.h"

namespace {

using Floats = std::vector<float>;

struct Heads {
    int frames, keypoints, grid;
    Floats heatmap, center, reg, offset;

    std::size_t cells() const { return static_cast<std::size_t>(grid) * grid; }
};

Heads read_heads(const char* path) {
    const std::unique_ptr<std::FILE, int (*)(std::FILE*)> file(std::fopen(path, "rb"), std::fclose);
    const auto read = [&](void* to, std::size_t bytes) {
        if (!file || std::fread(to, 1, bytes, file.get()) != bytes) {
            throw std::runtime_error(std::string(path) + ": not a file of recorded heads");
        }
    };
    int sizes[3];
    read(sizes, sizeof sizes);
    Heads heads{sizes[0], sizes[1], sizes[2], {}, {}, {}, {}};
    const std::size_t planes = heads.frames * heads.cells();
    for (const auto& [map, channels] : {std::pair{&heads.heatmap, heads.keypoints},
                                        {&heads.center, 1},
                                        {&heads.reg, 2 * heads.keypoints},
                                        {&heads.offset, 2 * heads.keypoints}}) {
        map->resize(planes * channels);
        read(map->data(), map->size() * sizeof(float));
    }
    return heads;
}

// One frame's heads, where a network would have written them.
struct Frame {
    int keypoints, grid;
    Floats heatmap, center, reg, offset;

    explicit Frame(const Heads& heads)
        : keypoints(heads.keypoints),
          grid(heads.grid),
          heatmap(heads.keypoints * heads.cells()),
          center(heads.cells()),
          reg(2 * heatmap.size()),
          offset(2 * heatmap.size()) {}

    void take(const Heads& heads, int frame) {
        for (const auto& [to, from] : {std::pair{&offset, &heads.offset},
                                       {&reg, &heads.reg},
                                       {&center, &heads.center},
                                       {&heatmap, &heads.heatmap}}) {
            std::memcpy(to->data(), from->data() + frame * to->size(), to->size() * sizeof(float));
        }
    }

    movenet_heads packed(movenet_values values) const {
        return {1,
                keypoints,
                grid,
                values,
                movenet_nchw(heatmap.data(), MOVENET_FLOAT32, keypoints, grid),
                movenet_nchw(center.data(), MOVENET_FLOAT32, 1, grid),
                movenet_nchw(reg.data(), MOVENET_FLOAT32, 2 * keypoints, grid),
                movenet_nchw(offset.data(), MOVENET_FLOAT32, 2 * keypoints, grid)};
    }
};

void decode(const movenet_heads& heads, float* points) {
    if (movenet_decode(&heads, points) != MOVENET_OK) {
        throw std::runtime_error("the heads cannot be decoded");
    }
}

float reach(float dx, float dy) {
    return std::sqrt(dx * dx + dy * dy) + 1.8f;
}

// The rule in one pass over every cell, and nothing else.
template <class Score>
int plain_argmax(const float* cells, int grid, Score score) {
    int best = 0;
    float best_score = -INFINITY;
    for (int y = 0; y < grid; ++y) {
        for (int x = 0; x < grid; ++x) {
            const float value = score(cells[y * grid + x], x, y);
            if (value > best_score) {
                best = y * grid + x;
                best_score = value;
            }
        }
    }
    return best;
}

void plain_decode(const Frame& frame, float* points) {
    const int grid = frame.grid, cells = grid * grid;
    const float size = static_cast<float>(grid);
    const int person = plain_argmax(frame.center.data(), grid, [&](float value, int x, int y) {
        return value * (1.0f / reach(static_cast<float>(x) - size / 2, static_cast<float>(y) - size / 2));
    });
    for (int k = 0; k < frame.keypoints; ++k) {
        const float rx = static_cast<float>(person % grid) + frame.reg[2 * k * cells + person];
        const float ry = static_cast<float>(person / grid) + frame.reg[(2 * k + 1) * cells + person];
        const float* heatmap = frame.heatmap.data() + k * cells;
        const int cell = plain_argmax(heatmap, grid, [&](float value, int x, int y) {
            return value / reach(static_cast<float>(x) - rx, static_cast<float>(y) - ry);
        });
        points[3 * k] = (static_cast<float>(cell % grid) + frame.offset[2 * k * cells + cell]) / size;
        points[3 * k + 1] = (static_cast<float>(cell / grid) + frame.offset[(2 * k + 1) * cells + cell]) / size;
        points[3 * k + 2] = heatmap[cell];
    }
}

// Bytes of a frame that every exact decoder reads: a cell that it does not read might hold 1.
double needed_bytes(const Frame& frame) {
    const int grid = frame.grid, cells = grid * grid;
    const auto cells_within = [&](float best, float x, float y) {
        double count = 0;
        for (int cell = 0; cell < cells; ++cell) {
            count += 1.0f / reach(static_cast<float>(cell % grid) - x, static_cast<float>(cell / grid) - y) >= best;
        }
        return count;
    };
    const float middle = static_cast<float>(grid) / 2;
    float best_center = 0;
    const int person = plain_argmax(frame.center.data(), grid, [&](float value, int x, int y) {
        const float score = value / reach(static_cast<float>(x) - middle, static_cast<float>(y) - middle);
        best_center = std::max(best_center, score);
        return score;
    });
    double needed = cells_within(best_center, middle, middle);
    for (int k = 0; k < frame.keypoints; ++k) {
        const float x = static_cast<float>(person % grid) + frame.reg[2 * k * cells + person];
        const float y = static_cast<float>(person / grid) + frame.reg[(2 * k + 1) * cells + person];
        float best = 0;
        for (int cell = 0; cell < cells; ++cell) {
            const float distance = reach(static_cast<float>(cell % grid) - x, static_cast<float>(cell / grid) - y);
            best = std::max(best, frame.heatmap[k * cells + cell] / distance);
        }
        needed += cells_within(best, x, y) + 4;  // reg and offset
    }
    return needed * sizeof(float);
}

// Reads every byte of a map once.
float read_all(const Floats& map) {
    using movenet::common::Row;
    Row highest[4] = {Row::fill(0), Row::fill(0), Row::fill(0), Row::fill(0)};
    for (std::size_t i = 0; i + 32 <= map.size(); i += 32) {
        for (int lane = 0; lane < 4; ++lane) {
            highest[lane] = max(Row::load(&map[i + 8 * lane]), highest[lane]);
        }
    }
    return max(max(highest[0], highest[1]), max(highest[2], highest[3])).highest();
}

class Benchmark {
public:
    Benchmark(const Heads& heads, int rounds, const std::string& only)
        : heads_(heads), frame_(heads), rounds_(rounds), only_(only) {}

    // Prints and returns the mean microseconds of `run`; `prepare` comes after each copy and is not timed.
    double measure(
        const char* name, const std::function<void(float*)>& run, const std::function<void()>& prepare = [] {}) {
        if (!only_.empty() && only_ != name) {
            return 0;
        }
        using Clock = std::chrono::steady_clock;
        std::vector<double> fastest(heads_.frames, 1e9);
        Floats points(3 * heads_.keypoints);
        for (int round = 0; round < rounds_; ++round) {
            for (int i = 0; i < heads_.frames; ++i) {
                frame_.take(heads_, i);
                prepare();
                const auto start = Clock::now();
                run(points.data());
                const std::chrono::duration<double, std::micro> took = Clock::now() - start;
                fastest[i] = std::min(fastest[i], took.count());
            }
        }
        double sum = 0;
        for (const double time : fastest) {
            sum += time;
        }
        const double mean = sum / heads_.frames;
        std::printf("%s\t%.3f\n", name, mean);
        return mean;
    }

    Frame& frame() { return frame_; }

    double mean_needed_bytes() {
        double sum = 0;
        for (int i = 0; i < heads_.frames; ++i) {
            frame_.take(heads_, i);
            sum += needed_bytes(frame_);
        }
        return sum / heads_.frames;
    }

private:
    const Heads& heads_;
    Frame frame_;
    int rounds_;
    std::string only_;
};

void run(const char* path, int rounds, const std::string& only) {
    const Heads heads = read_heads(path);
    Benchmark benchmark(heads, rounds, only);
    Frame& frame = benchmark.frame();
    const auto decode_as = [&](movenet_values values) {
        return [&frame, values](float* points) { decode(frame.packed(values), points); };
    };

    benchmark.measure("probabilities", decode_as(MOVENET_PROBABILITIES));
    benchmark.measure("any values", decode_as(MOVENET_ANY));
    const auto to_logits = [&] {
        for (Floats* map : {&frame.heatmap, &frame.center}) {
            for (float& value : *map) {
                value = std::log(value / (1 - value));
            }
        }
    };
    benchmark.measure("logits", decode_as(MOVENET_LOGITS), to_logits);
    benchmark.measure("plain one-pass loop", [&](float* points) { plain_decode(frame, points); });

    const auto flatten = [&] {
        unsigned random = 1;
        for (float& value : frame.heatmap) {
            random = random * 1664525u + 1013904223u;
            value = static_cast<float>(random >> 8) * (0.02f / (1 << 24));
        }
    };
    benchmark.measure("flat", decode_as(MOVENET_PROBABILITIES), flatten);
    benchmark.measure("flat, plain one-pass loop", [&](float* points) { plain_decode(frame, points); }, flatten);

    // No number below 0 rules another one out: every cell is scored.
    const auto negate = [&] {
        std::transform(frame.heatmap.begin(), frame.heatmap.end(), frame.heatmap.begin(), std::negate<float>());
    };
    benchmark.measure("negative", decode_as(MOVENET_ANY), negate);

    const double read = benchmark.measure(
        "read every byte", [&](float* points) { points[0] = read_all(frame.heatmap) + read_all(frame.center); });
    if (only.empty()) {
        const double bytes_per_us = static_cast<double>((frame.heatmap.size() + frame.center.size()) * 4) / read;
        const double needed = benchmark.mean_needed_bytes();
        std::printf("needed bytes\t%.0f\n", needed);
        std::printf("floor\t%.3f\n", needed / bytes_per_us);
    }
}

}  // namespace

int main(int argc, char** argv) {
    if (argc < 2 || argc > 4) {
        std::fprintf(stderr, "usage: movenet_benchmark HEADS [rounds] [case]\n");
        return 2;
    }
    try {
        run(argv[1], argc > 2 ? std::atoi(argv[2]) : 20, argc > 3 ? argv[3] : "");
    } catch (const std::exception& error) {
        std::fprintf(stderr, "%s\n", error.what());
        return 1;
    }
    return 0;
}
