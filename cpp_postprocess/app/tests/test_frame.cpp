// Pixels are read as BT.601 says, whatever the format, and sizes that cannot be are refused.

#include <doctest/doctest.h>

#include <algorithm>
#include <cmath>
#include <random>
#include <vector>

#include "colour.h"
#include "error.h"
#include "frame.h"
#include "frames.h"

using namespace movenet::app;

namespace {

// BT.601-7 in real numbers, from its luma equation alone.
std::vector<double> exact_rgb(int luma, int cb, int cr) {
    const double y = (luma - 16) / 219.0, b_minus_y = 1.772 * (cb - 128) / 224.0,
                 r_minus_y = 1.402 * (cr - 128) / 224.0;
    const double r = y + r_minus_y, b = y + b_minus_y, g = (y - 0.299 * r - 0.114 * b) / 0.587;
    return {255 * r, 255 * g, 255 * b};
}

}  // namespace

TEST_CASE("every colour is within half a level of BT.601 in real numbers") {
    double worst = 0;
    for (int luma = 0; luma < 256; luma += 3) {
        for (int cb = 0; cb < 256; cb += 5) {
            for (int cr = 0; cr < 256; cr += 5) {
                std::uint8_t rgb[3];
                write_rgb(static_cast<std::uint8_t>(luma),
                          chroma(static_cast<std::uint8_t>(cb), static_cast<std::uint8_t>(cr)), rgb);
                const std::vector<double> exact = exact_rgb(luma, cb, cr);
                for (int channel = 0; channel < 3; ++channel) {
                    worst = std::max(worst, std::abs(rgb[channel] - std::clamp(exact[channel], 0.0, 255.0)));
                }
            }
        }
    }
    CHECK(worst <= 0.5 + 1e-3);
}

TEST_CASE("black, white and the primaries of BT.601's colour bars") {
    const struct {
        std::uint8_t luma, cb, cr;
        std::vector<int> rgb;
    } bars[] = {{16, 128, 128, {0, 0, 0}},
                {235, 128, 128, {255, 255, 255}},
                {81, 90, 240, {254, 0, 0}},
                {145, 54, 34, {0, 255, 1}},
                {41, 240, 110, {0, 0, 255}}};
    for (const auto& bar : bars) {
        std::uint8_t rgb[3];
        write_rgb(bar.luma, chroma(bar.cb, bar.cr), rgb);
        CHECK(std::vector<int>(rgb, rgb + 3) == bar.rgb);
    }
}

TEST_CASE("a frame of one colour has it in every pixel, in every format and from any column on") {
    for (const PixelFormat format : kAllFormats) {
        CAPTURE(format_name(format));
        const OwnedFrame frame = even_frame(format, 6, 4, {81, 90, 240}, {12, 34, 56});
        std::uint8_t expected[3] = {12, 34, 56};
        if (format != PixelFormat::kRgb && format != PixelFormat::kBgr) {
            write_rgb(81, chroma(90, 240), expected);
        }
        for (int y = 0; y < 4; ++y) {
            for (int x = 0; x < 6; ++x) {
                std::vector<std::uint8_t> row(3 * (6 - x));
                read_rgb_row(frame.frame(), x, y, 6 - x, row.data());
                for (std::size_t i = 0; i < row.size(); ++i) {
                    REQUIRE(row[i] == expected[i % 3]);
                }
            }
        }
    }
}

TEST_CASE("a row read in pieces is the row read at once; stride bytes are never looked at") {
    std::mt19937 random(3);
    for (const PixelFormat format : kAllFormats) {
        CAPTURE(format_name(format));
        const FrameLayout packed = packed_layout(format, 10, 6);
        const OwnedFrame frame = noise_frame(packed, random);
        const OwnedFrame padded = with_stride(frame, packed.stride + 6);
        for (int y = 0; y < 6; ++y) {
            std::vector<std::uint8_t> whole(30), pieces(30), strided(30);
            read_rgb_row(frame.frame(), 0, y, 10, whole.data());
            for (int x = 0; x < 10; ++x) {
                read_rgb_row(frame.frame(), x, y, 1, pieces.data() + 3 * x);
            }
            read_rgb_row(padded.frame(), 0, y, 10, strided.data());
            CHECK(pieces == whole);
            CHECK(strided == whole);
        }
    }
}

TEST_CASE("planes and pairs: each pixel has its own luma and its neighbours' colour") {
    // 4 x 2 pixels with lumas 16, 17, ..., and two colours.
    const std::uint8_t yuyv[] = {16, 1, 17, 2, 18, 3, 19, 4, 20, 5, 21, 6, 22, 7, 23, 8};
    const std::uint8_t nv12[] = {16, 17, 18, 19, 20, 21, 22, 23, 1, 2, 3, 4};
    const std::uint8_t i420[] = {16, 17, 18, 19, 20, 21, 22, 23, 1, 3, 2, 4};
    for (int y = 0; y < 2; ++y) {
        for (int x = 0; x < 4; ++x) {
            const auto luma = static_cast<std::uint8_t>(16 + 4 * y + x);
            const auto cb = static_cast<std::uint8_t>(1 + x / 2 * 2), row_cb = static_cast<std::uint8_t>(cb + 4 * y);
            std::uint8_t shared[3], own[3], rgb[3];
            write_rgb(luma, chroma(cb, static_cast<std::uint8_t>(cb + 1)), shared);
            write_rgb(luma, chroma(row_cb, static_cast<std::uint8_t>(row_cb + 1)), own);
            read_rgb_row({packed_layout(PixelFormat::kYuyv, 4, 2), yuyv}, x, y, 1, rgb);
            CHECK(std::equal(rgb, rgb + 3, own));
            read_rgb_row({packed_layout(PixelFormat::kNv12, 4, 2), nv12}, x, y, 1, rgb);
            CHECK(std::equal(rgb, rgb + 3, shared));
            read_rgb_row({packed_layout(PixelFormat::kI420, 4, 2), i420}, x, y, 1, rgb);
            CHECK(std::equal(rgb, rgb + 3, shared));
        }
    }
}

TEST_CASE("sizes in bytes") {
    CHECK(num_bytes(packed_layout(PixelFormat::kRgb, 5, 3)) == 45);
    CHECK(num_bytes(packed_layout(PixelFormat::kYuyv, 6, 3)) == 36);
    CHECK(num_bytes(packed_layout(PixelFormat::kNv12, 6, 4)) == 36);
    CHECK(num_bytes(packed_layout(PixelFormat::kI420, 6, 4)) == 36);
    CHECK(num_bytes(strided_layout(PixelFormat::kNv12, 6, 4, 8)) == 48);
    CHECK(num_bytes(packed_layout(PixelFormat::kRgb, kMaxSidePx, kMaxSidePx)) == 3ull * kMaxSidePx * kMaxSidePx);
}

TEST_CASE("frames that cannot be are refused") {
    for (const PixelFormat format : kAllFormats) {
        CHECK_THROWS_AS(packed_layout(format, 0, 4), Error);
        CHECK_THROWS_AS(packed_layout(format, 4, 0), Error);
        CHECK_THROWS_AS(packed_layout(format, -4, 4), Error);
        CHECK_THROWS_AS(packed_layout(format, kMaxSidePx + 2, 4), Error);
        CHECK_THROWS_AS(packed_layout(format, INT32_MAX, INT32_MAX), Error);
        const std::size_t stride = packed_layout(format, 8, 4).stride;
        CHECK_THROWS_AS(strided_layout(format, 8, 4, stride - 1), Error);
        CHECK_THROWS_AS(strided_layout(format, 8, 4, SIZE_MAX), Error);
        CHECK(strided_layout(format, 8, 4, stride + 2).stride == stride + 2);
    }
    CHECK_THROWS_AS(packed_layout(PixelFormat::kYuyv, 5, 4), Error);
    CHECK_THROWS_AS(packed_layout(PixelFormat::kNv12, 4, 5), Error);
    CHECK_THROWS_AS(packed_layout(PixelFormat::kI420, 5, 4), Error);
    CHECK_THROWS_AS(strided_layout(PixelFormat::kI420, 8, 4, 9), Error);
    CHECK_THROWS_WITH_AS(parse_format("rgba"), doctest::Contains("known: rgb, bgr, yuyv, nv12, i420"), Error);
    for (const PixelFormat format : kAllFormats) {
        CHECK(parse_format(format_name(format)) == format);
    }
}
