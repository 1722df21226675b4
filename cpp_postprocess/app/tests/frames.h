// Frames for tests.

#ifndef MOVENET_APP_TESTS_FRAMES_H
#define MOVENET_APP_TESTS_FRAMES_H

#include <algorithm>
#include <array>
#include <cstdint>
#include <random>
#include <vector>

#include "frame.h"

constexpr movenet::app::PixelFormat kAllFormats[] = {movenet::app::PixelFormat::kRgb, movenet::app::PixelFormat::kBgr,
                                                     movenet::app::PixelFormat::kYuyv, movenet::app::PixelFormat::kNv12,
                                                     movenet::app::PixelFormat::kI420};

// Exactly as long as the frame, so that AddressSanitizer sees any byte beyond it.
struct OwnedFrame {
    movenet::app::FrameLayout layout;
    std::vector<std::uint8_t> bytes;
    movenet::app::Frame frame() const { return {layout, bytes.data()}; }
};

inline OwnedFrame noise_frame(const movenet::app::FrameLayout& layout, std::mt19937& random) {
    OwnedFrame frame{layout, std::vector<std::uint8_t>(num_bytes(layout))};
    std::generate(frame.bytes.begin(), frame.bytes.end(), [&] { return static_cast<std::uint8_t>(random()); });
    return frame;
}

// A frame of one colour, given as Y'CbCr and as RGB.
inline OwnedFrame even_frame(movenet::app::PixelFormat format, int width, int height, std::array<std::uint8_t, 3> ycbcr,
                             std::array<std::uint8_t, 3> rgb) {
    using movenet::app::PixelFormat;
    OwnedFrame frame{movenet::app::packed_layout(format, width, height), {}};
    frame.bytes.resize(num_bytes(frame.layout));
    const std::size_t pixels = static_cast<std::size_t>(width) * static_cast<std::size_t>(height);
    for (std::size_t i = 0; i < frame.bytes.size(); ++i) {
        std::uint8_t& byte = frame.bytes[i];
        switch (format) {
            case PixelFormat::kRgb:
                byte = rgb[i % 3];
                break;
            case PixelFormat::kBgr:
                byte = rgb[2 - i % 3];
                break;
            case PixelFormat::kYuyv:
                byte = ycbcr[i % 2 == 0 ? 0 : 1 + i / 2 % 2];
                break;
            case PixelFormat::kNv12:
                byte = ycbcr[i < pixels ? 0 : 1 + i % 2];
                break;
            case PixelFormat::kI420:
                byte = ycbcr[i < pixels ? 0 : i < pixels + pixels / 4 ? 1 : 2];
                break;
        }
    }
    return frame;
}

// The same pixels with longer rows, filled up with noise.
inline OwnedFrame with_stride(const OwnedFrame& frame, std::size_t stride) {
    using namespace movenet::app;
    const FrameLayout& from = frame.layout;
    std::mt19937 random(1);
    OwnedFrame padded = noise_frame(strided_layout(from.format, from.width_px, from.height_px, stride), random);
    std::size_t read = 0, written = 0;
    const auto copy_rows = [&](int rows, std::size_t divisor) {
        for (int row = 0; row < rows; ++row, read += from.stride / divisor, written += stride / divisor) {
            std::copy_n(frame.bytes.begin() + static_cast<std::ptrdiff_t>(read), from.stride / divisor,
                        padded.bytes.begin() + static_cast<std::ptrdiff_t>(written));
        }
    };
    copy_rows(from.height_px, 1);
    if (from.format == PixelFormat::kNv12) {
        copy_rows(from.height_px / 2, 1);
    } else if (from.format == PixelFormat::kI420) {
        copy_rows(from.height_px, 2);
    }
    return padded;
}

#endif  // MOVENET_APP_TESTS_FRAMES_H
