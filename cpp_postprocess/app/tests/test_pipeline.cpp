// Frames through the whole pipeline, with a made-up network in ncnn's place.

#include <doctest/doctest.h>

#include <random>

#include "../../tests/count_allocations.h"
#include "error.h"
#include "frames.h"
#include "image_file.h"
#include "pipeline.h"

using namespace movenet::app;

namespace {

constexpr int kInputPx = 32, kGrid = 8, kStep = kGrid * kGrid + 5;  // channels with a gap behind, as ncnn has them

Model tiny_model() {
    Model model;
    model.input_size_px = kInputPx;
    model.grid = kGrid;
    model.keypoint_names = {"left_shoulder", "right_shoulder", "left_hip", "right_hip"};
    return model;
}

// A network that finds all keypoints at cells that the test sets, with a score.
struct FakeNetwork {
    static constexpr int kKeypoints = 4;
    std::vector<float> heatmap = std::vector<float>(kKeypoints * kStep, 9.0f), center = heatmap, reg = heatmap,
                       offset = heatmap;
    movenet_heads heads = {};
    std::vector<std::uint8_t> seen;

    void set(const std::vector<std::pair<int, int>>& cells, float score) {
        for (std::vector<float>* map : {&heatmap, &center, &reg, &offset}) {
            map->assign(2 * kKeypoints * kStep, 9.0f);
            for (int channel = 0; channel < 2 * kKeypoints; ++channel) {
                std::fill_n(map->begin() + channel * kStep, kGrid * kGrid, 0.0f);
            }
        }
        center[4 * kGrid + 4] = 1;
        for (int k = 0; k < kKeypoints; ++k) {
            const auto& [x, y] = cells[static_cast<std::size_t>(k)];
            heatmap[k * kStep + y * kGrid + x] = score;
            reg[2 * k * kStep + 4 * kGrid + 4] = static_cast<float>(x - 4);
            reg[(2 * k + 1) * kStep + 4 * kGrid + 4] = static_cast<float>(y - 4);
        }
        const auto tensor = [](const std::vector<float>& map, int channels) {
            movenet_tensor result = movenet_nchw(map.data(), MOVENET_FLOAT32, channels, kGrid);
            result.channel_step = kStep;
            return result;
        };
        heads = {1,
                 kKeypoints,
                 kGrid,
                 MOVENET_PROBABILITIES,
                 tensor(heatmap, kKeypoints),
                 tensor(center, 1),
                 tensor(reg, 2 * kKeypoints),
                 tensor(offset, 2 * kKeypoints)};
    }

    RunNetwork run() {
        return [this](const std::uint8_t* rgb) -> const movenet_heads& {
            seen.assign(rgb, rgb + 3 * kInputPx * kInputPx);
            return heads;
        };
    }
};

const std::vector<std::pair<int, int>> kTorsoCells = {{3, 3}, {5, 3}, {3, 5}, {5, 5}};

}  // namespace

TEST_CASE("points come out in the frame's pixels") {
    FakeNetwork network;
    network.set(kTorsoCells, 0.5f);
    Pipeline pipeline(tiny_model(), network.run(), false, false);
    const OwnedFrame frame = even_frame(PixelFormat::kRgb, 64, 48, {}, {1, 2, 3});
    const auto& points = pipeline.process(frame.frame(), 0).points_px;
    // A cell is 8 pixels of the 64 x 64 letterbox, which begins 8 above the frame.
    CHECK(points[0].x == 24);
    CHECK(points[0].y == 24 - 8);
    CHECK(points[3].x == 40);
    CHECK(points[3].y == 40 - 8);
    CHECK(points[3].score == 0.5f);
    CHECK(network.seen[3 * (kInputPx * 16) + 2] == 3);
    CHECK(network.seen[2] == 0);
}

TEST_CASE("tracking searches, looks at the person's square, and searches again when the person is gone") {
    FakeNetwork network;
    network.set(kTorsoCells, 0.5f);
    Pipeline pipeline(tiny_model(), network.run(), true, false);
    std::mt19937 random(1);
    const OwnedFrame frame = noise_frame(packed_layout(PixelFormat::kRgb, 64, 64), random);
    pipeline.process(frame.frame(), 0);
    const std::vector<std::uint8_t> whole = network.seen;
    // Found in the whole frame, and less surely in the search's other squares: what the first look has found is kept.
    network.set({{1, 1}, {2, 1}, {1, 2}, {2, 2}}, 0.4f);
    for (int look = 1; look < 4; ++look) {
        CHECK(pipeline.process(frame.frame(), look).points_px[0].x == 24);
        CHECK(network.seen != whole);
    }
    // A box of 16 around (32, 32): the square is 1.4 * 16 = 22.4 wide, on pixel borders from 21 to 43.
    network.set(kTorsoCells, 0.5f);
    const auto& points = pipeline.process(frame.frame(), 4).points_px;
    CHECK(points[0].y == doctest::Approx(21 + 3 * 22 / 8.0));
    network.set(kTorsoCells, 0.1f);
    pipeline.process(frame.frame(), 5);
    CHECK(network.seen != whole);
    pipeline.process(frame.frame(), 6);
    CHECK(network.seen == whole);
}

TEST_CASE("a picture is searched, and looked at where the person is if anybody is found") {
    FakeNetwork network;
    network.set(kTorsoCells, 0.5f);
    std::mt19937 random(1);
    const OwnedFrame frame = noise_frame(packed_layout(PixelFormat::kRgb, 64, 64), random);
    int looks = 0;
    const RunNetwork counted = [&, run = network.run()](const std::uint8_t* rgb) -> const movenet_heads& {
        ++looks;
        return run(rgb);
    };
    Pipeline whole(tiny_model(), counted, false, false);
    whole.process_picture(frame.frame());
    CHECK(looks == 1);
    const std::vector<std::uint8_t> seen_whole = network.seen;
    Pipeline pipeline(tiny_model(), counted, true, false);
    for (int picture = 0; picture < 2; ++picture) {  // the second one does not begin where the first one ended
        looks = 0;
        // As sure everywhere: the first look counts.
        const auto& points = pipeline.process_picture(frame.frame()).points_px;
        CHECK(looks == 5);
        CHECK(network.seen != seen_whole);
        CHECK(points[0].y == doctest::Approx(21 + 3 * 22 / 8.0));
    }
    network.set(kTorsoCells, 0.1f);
    looks = 0;
    pipeline.process_picture(frame.frame());
    CHECK(looks == 4);
}

TEST_CASE("smoothing holds points back") {
    FakeNetwork network;
    network.set(kTorsoCells, 0.5f);
    Pipeline pipeline(tiny_model(), network.run(), false, true);
    const OwnedFrame frame = even_frame(PixelFormat::kRgb, 64, 64, {}, {});
    CHECK(pipeline.process(frame.frame(), 0.0).points_px[0].x == 24);
    network.set({{4, 3}, {5, 3}, {3, 5}, {5, 5}}, 0.5f);
    const auto& points = pipeline.process(frame.frame(), 1.0 / 30).points_px;
    CHECK(points[0].x > 24);
    CHECK(points[0].x < 32);
    CHECK(points[1].x == doctest::Approx(40));
}

TEST_CASE("in a search nothing is held back") {
    FakeNetwork network;
    Pipeline pipeline(tiny_model(), network.run(), true, true);
    const OwnedFrame frame = even_frame(PixelFormat::kRgb, 64, 64, {}, {});
    network.set(kTorsoCells, 0.5f);
    CHECK(pipeline.process(frame.frame(), 0.0).points_px[0].x == 24);
    // The second square is the frame's middle half: a cell is 4 pixels, and the person half as large.
    network.set(kTorsoCells, 0.8f);
    CHECK(pipeline.process(frame.frame(), 1.0 / 30).points_px[0].x == 16 + 4 * 3);
}

TEST_CASE("a warm pipeline allocates nothing") {
    FakeNetwork network;
    network.set(kTorsoCells, 0.5f);
    Pipeline pipeline(tiny_model(), network.run(), true, true);
    std::mt19937 random(1);
    const OwnedFrame frame = noise_frame(packed_layout(PixelFormat::kI420, 64, 48), random);
    pipeline.process(frame.frame(), 0);
    const std::size_t before = allocation_count();
    for (int i = 1; i < 5; ++i) {
        pipeline.process(frame.frame(), i);
    }
    CHECK(allocation_count() == before);
}

TEST_CASE("heads that the decoder refuses are an error") {
    FakeNetwork network;
    network.set(kTorsoCells, 0.5f);
    network.heads.grid = 0;
    Pipeline pipeline(tiny_model(), network.run(), false, false);
    const OwnedFrame frame = even_frame(PixelFormat::kRgb, 64, 64, {}, {});
    CHECK_THROWS_WITH_AS(pipeline.process(frame.frame(), 0), doctest::Contains("cannot be decoded"), Error);
}

TEST_CASE("files that are no pictures are refused with their name") {
    for (const char* path : {"/dev/null", "/no/such/file.jpg", "/tmp"}) {
        CHECK_THROWS_WITH_AS(read_picture(path), doctest::Contains(path), Error);
    }
}
