// What is cut out of a frame; that the pixels are OpenCV's is compared in tests/app/test_app_logic.py.

#include <doctest/doctest.h>

#include <cmath>
#include <limits>
#include <random>
#include <vector>

#include "../../tests/count_allocations.h"
#include "error.h"
#include "frames.h"
#include "resample.h"

using namespace movenet::app;

namespace {

std::vector<std::uint8_t> extract(const Frame& frame, const Square& square, int size, Square* cut = nullptr) {
    Resampler resampler(size);
    std::vector<std::uint8_t> rgb(3 * static_cast<std::size_t>(size) * static_cast<std::size_t>(size), 99);
    const Square used = resampler.extract(frame, square, rgb.data());
    if (cut) {
        *cut = used;
    }
    return rgb;
}

}  // namespace

TEST_CASE("a square as large as the input is copied pixel by pixel") {
    std::mt19937 random(1);
    const OwnedFrame frame = noise_frame(packed_layout(PixelFormat::kRgb, 16, 16), random);
    CHECK(extract(frame.frame(), {8, 8, 16}, 16) == frame.bytes);
}

TEST_CASE("a square twice as large is averaged in fours, rounded half up") {
    const OwnedFrame frame{packed_layout(PixelFormat::kRgb, 2, 2), {0, 1, 9, 0, 1, 9, 1, 1, 9, 1, 2, 8}};
    CHECK(extract(frame.frame(), {1, 1, 2}, 1) == std::vector<std::uint8_t>{1, 1, 9});
}

TEST_CASE("a wide frame is letterboxed: black above and below, its colour between") {
    const OwnedFrame frame = even_frame(PixelFormat::kRgb, 64, 32, {}, {200, 100, 50});
    Square cut;
    const auto rgb = extract(frame.frame(), letterbox_square(64, 32), 32, &cut);
    CHECK(cut.left_px() == 0);
    CHECK(cut.top_px() == -16);
    CHECK(cut.side_px == 64);
    for (int y = 0; y < 32; ++y) {
        for (int x = 0; x < 32; ++x) {
            const bool inside = y >= 8 && y < 24;
            CHECK(rgb[3 * (32 * y + x)] == (inside ? 200 : 0));
            CHECK(rgb[3 * (32 * y + x) + 2] == (inside ? 50 : 0));
        }
    }
}

TEST_CASE("squares beside the frame are black, and points far away no problem") {
    std::mt19937 random(2);
    const OwnedFrame frame = noise_frame(packed_layout(PixelFormat::kNv12, 8, 8), random);
    const double infinity = std::numeric_limits<double>::infinity(), nan = std::numeric_limits<double>::quiet_NaN();
    for (const Square& square : {Square{-10, 4, 8}, Square{4, 20, 8}, Square{1e30, 4, 8}, Square{4, -1e300, 8},
                                 Square{nan, 4, 8}, Square{4, infinity, 8}}) {
        CHECK(extract(frame.frame(), square, 4) == std::vector<std::uint8_t>(48, 0));
    }
    Resampler resampler(4);
    std::vector<std::uint8_t> rgb(48);
    for (const double side : {nan, infinity, -1.0, 1e9}) {
        CHECK_THROWS_AS(resampler.extract(frame.frame(), {4, 4, side}, rgb.data()), Error);
    }
}

TEST_CASE("any square of any frame stays inside both") {
    std::mt19937 random(5);
    std::uniform_real_distribution<double> place(-40, 80), side(0, 150);
    for (int round = 0; round < 300; ++round) {
        const PixelFormat format = kAllFormats[random() % 5];
        const int width = 2 * (1 + static_cast<int>(random() % 24)), height = 2 * (1 + static_cast<int>(random() % 24));
        const OwnedFrame frame = noise_frame(packed_layout(format, width, height), random);
        const Square square{place(random), place(random), side(random)};
        Square cut;
        const auto rgb = extract(frame.frame(), square, 1 + static_cast<int>(random() % 20), &cut);
        CHECK(cut.left_px() == std::floor(cut.left_px()));
        CHECK(cut.top_px() == std::floor(cut.top_px()));
        CHECK(std::abs(cut.side_px - square.side_px) <= std::max(1.0, square.side_px / 2));
    }
}

TEST_CASE("an even frame stays even under any square inside it") {
    std::mt19937 random(6);
    const OwnedFrame frame = even_frame(PixelFormat::kI420, 64, 64, {120, 90, 170}, {});
    std::uint8_t colour[3];
    read_rgb_row(frame.frame(), 0, 0, 1, colour);
    std::uniform_real_distribution<double> side(1, 30);
    for (int round = 0; round < 50; ++round) {
        const auto rgb = extract(frame.frame(), {32, 32, side(random)}, 7);
        for (std::size_t i = 0; i < rgb.size(); ++i) {
            REQUIRE(rgb[i] == colour[i % 3]);
        }
    }
}

TEST_CASE("nothing is allocated once the largest square was seen") {
    std::mt19937 random(7);
    const OwnedFrame frame = noise_frame(packed_layout(PixelFormat::kYuyv, 64, 48), random);
    Resampler resampler(12);
    std::vector<std::uint8_t> rgb(3 * 12 * 12);
    resampler.extract(frame.frame(), letterbox_square(64, 48), rgb.data());
    const std::size_t before = allocation_count();
    for (const double side : {63.0, 20.0, 47.5, 64.0, 5.0}) {
        resampler.extract(frame.frame(), {20, 20, side}, rgb.data());
    }
    CHECK(allocation_count() == before);
}

TEST_CASE("an input of no or endless pixels is refused") {
    CHECK_THROWS_AS(Resampler(0), Error);
    CHECK_THROWS_AS(Resampler(-5), Error);
    CHECK_THROWS_AS(Resampler(kMaxSidePx + 1), Error);
}
