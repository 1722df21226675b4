// A frame in memory as cameras and pipes give it, and its pixels as RGB, read in place.

#ifndef MOVENET_APP_FRAME_H
#define MOVENET_APP_FRAME_H

#include <cstddef>
#include <cstdint>
#include <string>

namespace movenet::app {

// The longest side of a frame: sizes in bytes stay below 2^30.
constexpr int kMaxSidePx = 16384;

// Names are ffmpeg's pix_fmt and V4L2's: rgb24, bgr24, yuyv422 (YUYV), nv12, yuv420p (YU12, "I420").
enum class PixelFormat { kRgb, kBgr, kYuyv, kNv12, kI420 };

// The names for --format, and back.
const char* format_name(PixelFormat format);
PixelFormat parse_format(const std::string& name);  // throws Error
std::string format_names();                         // all, for messages

// How a frame's bytes lie. Rows of the first plane are `stride` bytes apart; NV12's CbCr rows too, I420's Cb and Cr
// rows half of it; planes follow each other without gaps.
struct FrameLayout {
    PixelFormat format = PixelFormat::kRgb;
    int width_px = 0;
    int height_px = 0;
    std::size_t stride = 0;
};

// A layout without gaps between rows. Throws Error if a side is not within 1 .. kMaxSidePx, or odd where the format's
// colours are shared by pairs of pixels.
FrameLayout packed_layout(PixelFormat format, int width_px, int height_px);

// The same with another stride. Throws Error if rows would overlap, or be more than four times as long as needed.
FrameLayout strided_layout(PixelFormat format, int width_px, int height_px, std::size_t stride);

// Bytes of a whole frame.
std::size_t num_bytes(const FrameLayout& layout);

struct Frame {
    FrameLayout layout;
    const std::uint8_t* data = nullptr;  // num_bytes(layout) of them
};

// Pixels x .. x + count of row y as RGB, 3 * count bytes. Colours that several pixels share are not interpolated.
// The range must lie inside the frame.
void read_rgb_row(const Frame& frame, int x, int y, int count, std::uint8_t* rgb);

}  // namespace movenet::app

#endif  // MOVENET_APP_FRAME_H
