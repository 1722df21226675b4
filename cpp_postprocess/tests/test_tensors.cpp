// Every layout and type gives the points of packed floats, and what cannot be read is refused.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <functional>
#include <random>
#include <string>
#include <utility>
#include <vector>

#include "maps.h"
#include "movenet/postprocess.h"

namespace {

Maps noise(int keypoints, int grid, unsigned seed) {
    Maps maps(keypoints, grid);
    std::mt19937 random(seed);
    std::uniform_real_distribution<float> share(0.0f, 1.0f);
    for (std::vector<float>* map : {&maps.heatmap, &maps.center, &maps.offset}) {
        std::generate(map->begin(), map->end(), [&] { return share(random); });
    }
    std::generate(maps.reg.begin(), maps.reg.end(), [&] { return (share(random) - 0.5f) * static_cast<float>(grid); });
    return maps;
}

// A copy of packed numbers in another layout. Its gaps hold numbers that would win.
template <class Element>
struct Copy {
    std::vector<Element> elements;
    movenet_tensor tensor;

    Copy(const std::vector<float>& numbers, int grid, const movenet_tensor& layout, Element gap,
         const std::function<Element(float)>& stored)
        : tensor(layout) {
        const int channels = static_cast<int>(numbers.size()) / (grid * grid);
        std::int64_t first = 0, last = 0;
        for (const auto& [step, count] :
             {std::pair{layout.channel_step, channels}, {layout.row_step, grid}, {layout.column_step, grid}}) {
            (step < 0 ? first : last) += step * (count - 1);
        }
        elements.assign(last - first + 1, gap);
        tensor.data = elements.data() - first;
        for (std::size_t i = 0; i < numbers.size(); ++i) {
            const int cell = static_cast<int>(i) % (grid * grid);
            const int channel = static_cast<int>(i) / (grid * grid);
            elements[place(tensor, channel, cell / grid, cell % grid) - first] = stored(numbers[i]);
        }
    }
};

using Layout = std::function<movenet_tensor(int channels, int grid)>;

// The points of maps whose four tensors are all copied into a layout of an element's type.
template <class Element>
std::vector<float> decode_copies(const Maps& maps, movenet_values values, const Layout& layout, Element gap,
                                 const std::function<Element(float)>& stored) {
    const auto copy = [&](const std::vector<float>& numbers) {
        const int channels = static_cast<int>(numbers.size()) / (maps.grid * maps.grid);
        return Copy<Element>(numbers, maps.grid, layout(channels, maps.grid), gap, stored);
    };
    const Copy<Element> heatmap = copy(maps.heatmap), center = copy(maps.center), reg = copy(maps.reg),
                        offset = copy(maps.offset);
    movenet_heads heads = heads_of(maps, values);
    heads.heatmap = heatmap.tensor;
    heads.center = center.tensor;
    heads.reg = reg.tensor;
    heads.offset = offset.tensor;
    return decode(heads);
}

movenet_tensor ncnn_layout(movenet_type type, int channels, int grid) {
    movenet_tensor tensor = movenet_nchw(nullptr, type, channels, grid);
    tensor.channel_step = (tensor.channel_step + 15) / 16 * 16 + 16;
    return tensor;
}

movenet_tensor padded_rows(movenet_type type, int channels, int grid) {
    movenet_tensor tensor = movenet_nchw(nullptr, type, channels, grid);
    tensor.row_step += 3;
    tensor.channel_step = tensor.row_step * grid + 5;
    return tensor;
}

movenet_tensor turned_around(movenet_type type, int channels, int grid) {
    movenet_tensor tensor = movenet_nchw(nullptr, type, channels, grid);
    tensor.channel_step *= -1;
    tensor.row_step *= -1;
    tensor.column_step *= -1;
    return tensor;
}

std::vector<Layout> layouts(movenet_type type) {
    std::vector<Layout> all;
    for (const auto make : {ncnn_layout, padded_rows, turned_around}) {
        all.push_back([=](int channels, int grid) { return make(type, channels, grid); });
    }
    all.push_back([=](int channels, int grid) { return movenet_nchw(nullptr, type, channels, grid); });
    all.push_back([=](int channels, int grid) { return movenet_nhwc(nullptr, type, channels, grid); });
    return all;
}

constexpr int kGrids[] = {1, 2, 3, 5, 7, 8, 9, 20, 48};
constexpr movenet_values kAllValues[] = {MOVENET_ANY, MOVENET_PROBABILITIES, MOVENET_LOGITS};

// The greatest half that is not above a number of 0 .. 65504, or its negative.
std::uint16_t to_half(float number) {
    std::uint16_t low = 0, high = 0x7bff;
    while (low < high) {
        const auto middle = static_cast<std::uint16_t>((low + high + 1) / 2);
        (half_meaning(middle) <= std::fabs(number) ? low : high) =
            static_cast<std::uint16_t>(half_meaning(middle) <= std::fabs(number) ? middle : middle - 1);
    }
    return number < 0 ? static_cast<std::uint16_t>(low | 0x8000) : low;
}

// A single cell's score is its number.
float only_score(const movenet_tensor& heatmap) {
    const Maps maps(1, 1);
    movenet_heads heads = heads_of(maps);
    heads.heatmap = heatmap;
    return decode(heads)[2];
}

}  // namespace

TEST_CASE("float32 in any layout gives the points of packed floats") {
    for (const int grid : kGrids) {
        const Maps maps = noise(3, grid, 1);
        for (const movenet_values values : kAllValues) {
            for (const Layout& layout : layouts(MOVENET_FLOAT32)) {
                CHECK(decode_copies<float>(maps, values, layout, 1e30f, [](float number) { return number; }) ==
                      decode(maps, values));
            }
        }
    }
}

TEST_CASE("float16 in any layout gives the points of the same numbers in float32") {
    for (const int grid : kGrids) {
        Maps maps = noise(3, grid, 2);
        for (std::vector<float>* map : {&maps.heatmap, &maps.center, &maps.reg, &maps.offset}) {
            std::transform(map->begin(), map->end(), map->begin(),
                           [](float number) { return half_meaning(to_half(number)); });
        }
        for (const Layout& layout : layouts(MOVENET_FLOAT16)) {
            CHECK(decode_copies<std::uint16_t>(maps, MOVENET_PROBABILITIES, layout, 0x7bff, to_half) ==
                  decode(maps, MOVENET_PROBABILITIES));
        }
    }
}

TEST_CASE("every float16 is read as what it means") {
    for (int bits = 0; bits <= 0xffff; ++bits) {
        const auto half = static_cast<std::uint16_t>(bits);
        const float meaning = half_meaning(half);
        const float score = only_score(movenet_nchw(&half, MOVENET_FLOAT16, 1, 1));
        if (score != (std::isfinite(meaning) ? meaning : 0.0f)) {
            CAPTURE(bits);
            REQUIRE(score == meaning);
        }
    }
}

TEST_CASE("int8 in any layout gives the points of the numbers that it stands for") {
    constexpr float scale = 0.37f;
    constexpr int zero_point = -7;
    for (const int grid : kGrids) {
        std::mt19937 random(3);
        Maps maps(3, grid);
        for (std::vector<float>* map : {&maps.heatmap, &maps.center, &maps.reg, &maps.offset}) {
            std::generate(map->begin(), map->end(), [&] {
                return scale * static_cast<float>(static_cast<int>(random() % 256) - 128 - zero_point);
            });
        }
        const auto stored = [&](float number) {
            return static_cast<std::int8_t>(std::lround(number / scale) + zero_point);
        };
        for (const movenet_values values : kAllValues) {
            for (const Layout& layout : layouts(MOVENET_INT8)) {
                const auto quantized = [&](int channels, int cells) {
                    movenet_tensor tensor = layout(channels, cells);
                    tensor.scale = scale;
                    tensor.zero_point = zero_point;
                    return tensor;
                };
                CHECK(decode_copies<std::int8_t>(maps, values, quantized, 127, stored) == decode(maps, values));
            }
        }
    }
}

TEST_CASE("a batch gives the points of its images one by one") {
    const std::vector<Maps> images = {noise(5, 12, 4), noise(5, 12, 5), noise(5, 12, 6)};
    Maps batch(5, 12);
    std::vector<float> expected;
    for (std::vector<float> Maps::* map : {&Maps::heatmap, &Maps::center, &Maps::reg, &Maps::offset}) {
        (batch.*map).clear();
        for (const Maps& maps : images) {
            (batch.*map).insert((batch.*map).end(), (maps.*map).begin(), (maps.*map).end());
        }
    }
    for (const Maps& maps : images) {
        const std::vector<float> points = decode(maps);
        expected.insert(expected.end(), points.begin(), points.end());
    }
    movenet_heads heads = heads_of(batch);
    heads.images = 3;
    CHECK(decode(heads) == expected);
}

TEST_CASE("frames in memory of their own give the points of each, one after the other") {
    const std::vector<Maps> images = {noise(5, 12, 9), noise(3, 16, 10), noise(5, 12, 11)};
    std::vector<movenet_heads> frames;
    std::vector<float> expected;
    for (const Maps& maps : images) {
        frames.push_back(heads_of(maps, MOVENET_PROBABILITIES));
        const std::vector<float> points = decode(maps, MOVENET_PROBABILITIES);
        expected.insert(expected.end(), points.begin(), points.end());
    }
    std::vector<float> points(expected.size(), -7.0f);
    REQUIRE(movenet_decode_frames(frames.data(), 3, points.data()) == MOVENET_OK);
    CHECK(points == expected);

    // A frame that cannot be decoded keeps those before it from being written, too.
    std::fill(points.begin(), points.end(), -7.0f);
    frames[2].grid = 0;
    CHECK(movenet_decode_frames(frames.data(), 3, points.data()) == MOVENET_BAD_GRID);
    CHECK(movenet_decode_frames(frames.data(), 0, points.data()) == MOVENET_BAD_IMAGES);
    CHECK(movenet_decode_frames(frames.data(), -1, points.data()) == MOVENET_BAD_IMAGES);
    CHECK(movenet_decode_frames(nullptr, 1, points.data()) == MOVENET_NULL_POINTER);
    CHECK(movenet_decode_frames(frames.data(), 1, nullptr) == MOVENET_NULL_POINTER);
    CHECK(points == std::vector<float>(points.size(), -7.0f));
}

TEST_CASE("more keypoints than are searched together") {
    const Maps maps = noise(70, 9, 7);
    const std::vector<float> points = decode(maps);
    for (int k = 0; k < maps.keypoints; ++k) {
        movenet_heads heads = heads_of(maps);
        heads.keypoints = 1;
        heads.heatmap.data = maps.heatmap.data() + k * 81;
        heads.reg.data = maps.reg.data() + 2 * k * 81;
        heads.offset.data = maps.offset.data() + 2 * k * 81;
        CHECK(decode(heads) == std::vector<float>(points.begin() + 3 * k, points.begin() + 3 * k + 3));
    }
}

TEST_CASE("bad input is refused and nothing is written") {
    const Maps maps(1, 4);
    std::vector<float> points(3, -7.0f);
    const auto status_of = [&](const std::function<void(movenet_heads&)>& spoil) {
        movenet_heads heads = heads_of(maps);
        spoil(heads);
        return movenet_decode(&heads, points.data());
    };
    const movenet_heads good = heads_of(maps);
    CHECK(movenet_decode(nullptr, points.data()) == MOVENET_NULL_POINTER);
    CHECK(movenet_decode(&good, nullptr) == MOVENET_NULL_POINTER);
    for (movenet_tensor movenet_heads::* tensor :
         {&movenet_heads::heatmap, &movenet_heads::center, &movenet_heads::reg, &movenet_heads::offset}) {
        CHECK(status_of([&](auto& heads) { (heads.*tensor).data = nullptr; }) == MOVENET_NULL_POINTER);
        CHECK(status_of([&](auto& heads) { (heads.*tensor).type = 3; }) == MOVENET_BAD_TYPE);
        CHECK(status_of([&](auto& heads) { (heads.*tensor).type = -1; }) == MOVENET_BAD_TYPE);
        const auto misalign = [&](auto& heads) {
            (heads.*tensor).data = static_cast<const char*>((heads.*tensor).data) + 2;
        };
        CHECK(status_of(misalign) == MOVENET_MISALIGNED);
        for (const float scale : {0.0f, -1.0f, kNan, kInf}) {
            const auto quantize = [&](auto& heads) {
                (heads.*tensor).type = MOVENET_INT8, (heads.*tensor).scale = scale;
            };
            CHECK(status_of(quantize) == MOVENET_BAD_SCALE);
        }
        for (const int zero_point : {-129, 128, INT32_MIN, INT32_MAX}) {
            const auto quantize = [&](auto& heads) {
                (heads.*tensor).type = MOVENET_INT8, (heads.*tensor).zero_point = zero_point;
            };
            CHECK(status_of(quantize) == MOVENET_BAD_SCALE);
        }
        for (const std::int64_t step : {INT64_MAX, INT64_MIN, INT64_MAX / 4}) {
            CHECK(status_of([&](auto& heads) { (heads.*tensor).row_step = step; }) == MOVENET_BAD_STEP);
            CHECK(status_of([&](auto& heads) { (heads.*tensor).column_step = step; }) == MOVENET_BAD_STEP);
            CHECK(status_of([&](auto& heads) { heads.images = 2, (heads.*tensor).image_step = step; }) ==
                  MOVENET_BAD_STEP);
        }
        // Three hops along either axis fit, but not along both; of bytes, so that the sum passes 2^63.
        const auto far = [&](auto& heads) {
            (heads.*tensor).type = MOVENET_INT8;
            (heads.*tensor).row_step = INT64_MAX / 4;
            (heads.*tensor).column_step = -INT64_MAX / 4;
        };
        CHECK(status_of(far) == MOVENET_BAD_STEP);
    }
    for (const int images : {0, -1, INT32_MIN}) {
        CHECK(status_of([&](auto& heads) { heads.images = images; }) == MOVENET_BAD_IMAGES);
    }
    for (const int keypoints : {0, -1, MOVENET_MAX_KEYPOINTS + 1, INT32_MAX}) {
        CHECK(status_of([&](auto& heads) { heads.keypoints = keypoints; }) == MOVENET_BAD_KEYPOINTS);
    }
    for (const int grid : {0, -1, MOVENET_MAX_GRID + 1, INT32_MAX}) {
        CHECK(status_of([&](auto& heads) { heads.grid = grid; }) == MOVENET_BAD_GRID);
    }
    for (const int values : {-1, 3, INT32_MAX}) {
        CHECK(status_of([&](auto& heads) { heads.values = values; }) == MOVENET_BAD_VALUES);
    }
    CHECK(points == std::vector<float>(3, -7.0f));
}

TEST_CASE("steps that are not walked may be anything") {
    const Maps maps = noise(1, 1, 8);
    movenet_heads heads = heads_of(maps);
    for (movenet_tensor movenet_heads::* tensor : {&movenet_heads::heatmap, &movenet_heads::center}) {
        (heads.*tensor).image_step = INT64_MIN;
        (heads.*tensor).channel_step = INT64_MAX;
        (heads.*tensor).row_step = INT64_MIN;
        (heads.*tensor).column_step = INT64_MAX;
    }
    CHECK(decode(heads) == decode(maps));
}

TEST_CASE("layouts of impossible sizes do not overflow") {
    for (const auto make : {movenet_nchw, movenet_nhwc}) {
        const movenet_tensor tensor = make(nullptr, MOVENET_FLOAT32, INT32_MAX, INT32_MAX);
        CHECK(tensor.image_step == INT64_MAX);
        CHECK(make(nullptr, MOVENET_FLOAT32, INT32_MIN, INT32_MIN).data == nullptr);
    }
}

TEST_CASE("every status has a message of its own, and the limits stand in them") {
    std::vector<std::string> messages;
    for (int status = MOVENET_OK; status <= MOVENET_MISALIGNED; ++status) {
        messages.emplace_back(movenet_status_message(static_cast<movenet_status>(status)));
    }
    CHECK(messages[MOVENET_OK] == "decoded");
    CHECK(messages[MOVENET_BAD_KEYPOINTS].find(std::to_string(MOVENET_MAX_KEYPOINTS)) != std::string::npos);
    CHECK(messages[MOVENET_BAD_GRID].find(std::to_string(MOVENET_MAX_GRID)) != std::string::npos);
    CHECK(std::string(movenet_status_message(static_cast<movenet_status>(MOVENET_MISALIGNED + 1))) == "unknown status");
    std::sort(messages.begin(), messages.end());
    CHECK(std::adjacent_find(messages.begin(), messages.end()) == messages.end());
}
