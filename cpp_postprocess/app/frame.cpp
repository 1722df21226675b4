#include "frame.h"

#include <algorithm>
#include <cstring>

#include "colour.h"
#include "error.h"

namespace movenet::app {

namespace {

constexpr struct {
    PixelFormat format;
    const char* name;
} kNames[] = {{PixelFormat::kRgb, "rgb"},
              {PixelFormat::kBgr, "bgr"},
              {PixelFormat::kYuyv, "yuyv"},
              {PixelFormat::kNv12, "nv12"},
              {PixelFormat::kI420, "i420"}};

bool has_chroma_planes(PixelFormat format) {
    return format == PixelFormat::kNv12 || format == PixelFormat::kI420;
}

// Bytes of a row of the first plane.
std::size_t row_bytes(PixelFormat format, int width_px) {
    const auto width = static_cast<std::size_t>(width_px);
    switch (format) {
        case PixelFormat::kRgb:
        case PixelFormat::kBgr:
            return 3 * width;
        case PixelFormat::kYuyv:
            return 2 * width;
        case PixelFormat::kNv12:
        case PixelFormat::kI420:
            return width;
    }
    return 0;
}

std::string size_text(int width_px, int height_px) {
    return std::to_string(width_px) + "x" + std::to_string(height_px);
}

void check_size(PixelFormat format, int width_px, int height_px) {
    if (width_px < 1 || height_px < 1 || width_px > kMaxSidePx || height_px > kMaxSidePx) {
        throw Error("a frame of " + size_text(width_px, height_px) + " pixels: each side must be within 1 .. " +
                    std::to_string(kMaxSidePx));
    }
    const bool odd_width = width_px % 2 != 0 && (format == PixelFormat::kYuyv || has_chroma_planes(format));
    const bool odd_height = height_px % 2 != 0 && has_chroma_planes(format);
    if (odd_width || odd_height) {
        throw Error("a frame of " + size_text(width_px, height_px) + " pixels cannot be " + format_name(format) +
                    ", whose pixels share colours in " + (has_chroma_planes(format) ? "blocks of 2 x 2" : "pairs") +
                    ": give even sizes");
    }
}

}  // namespace

const char* format_name(PixelFormat format) {
    return std::find_if(std::begin(kNames), std::end(kNames), [&](auto& entry) { return entry.format == format; })
        ->name;
}

PixelFormat parse_format(const std::string& name) {
    for (const auto& entry : kNames) {
        if (name == entry.name) {
            return entry.format;
        }
    }
    throw Error("unknown pixel format '" + name + "'; known: " + format_names());
}

std::string format_names() {
    std::string names;
    for (const auto& entry : kNames) {
        names += (names.empty() ? "" : ", ") + std::string(entry.name);
    }
    return names;
}

FrameLayout packed_layout(PixelFormat format, int width_px, int height_px) {
    check_size(format, width_px, height_px);
    return {format, width_px, height_px, row_bytes(format, width_px)};
}

FrameLayout strided_layout(PixelFormat format, int width_px, int height_px, std::size_t stride) {
    FrameLayout layout = packed_layout(format, width_px, height_px);
    const bool halves = format != PixelFormat::kI420 || stride % 2 == 0;
    if (stride < layout.stride || stride > 4 * layout.stride + 4096 || !halves) {
        throw Error("rows of " + std::to_string(stride) + " bytes do not fit a " + format_name(format) + " frame of " +
                    size_text(width_px, height_px) + " pixels");
    }
    layout.stride = stride;
    return layout;
}

std::size_t num_bytes(const FrameLayout& layout) {
    const std::size_t first_plane = layout.stride * static_cast<std::size_t>(layout.height_px);
    return has_chroma_planes(layout.format) ? first_plane + first_plane / 2 : first_plane;
}

void read_rgb_row(const Frame& frame, int x, int y, int count, std::uint8_t* rgb) {
    const auto& [format, width, height, stride] = frame.layout;
    const std::uint8_t* row = frame.data + stride * static_cast<std::size_t>(y);
    const std::uint8_t* chroma_plane = frame.data + stride * static_cast<std::size_t>(height);
    switch (format) {
        case PixelFormat::kRgb:
            std::memcpy(rgb, row + std::size_t{3} * x, std::size_t{3} * count);
            return;
        case PixelFormat::kBgr:
            row += std::size_t{3} * x;
            for (int i = 0; i < count; ++i, row += 3, rgb += 3) {
                rgb[0] = row[2];
                rgb[1] = row[1];
                rgb[2] = row[0];
            }
            return;
        case PixelFormat::kYuyv:
            for (int i = x; i < x + count; ++i, rgb += 3) {
                const std::uint8_t* pair = row + std::size_t{4} * (i / 2);  // Y0 Cb Y1 Cr
                write_rgb(pair[i % 2 * 2], chroma(pair[1], pair[3]), rgb);
            }
            return;
        case PixelFormat::kNv12: {
            const std::uint8_t* colours = chroma_plane + stride * static_cast<std::size_t>(y / 2);  // Cb Cr Cb Cr ...
            for (int i = x; i < x + count; ++i, rgb += 3) {
                const std::uint8_t* pair = colours + i / 2 * 2;
                write_rgb(row[i], chroma(pair[0], pair[1]), rgb);
            }
            return;
        }
        case PixelFormat::kI420: {
            const std::size_t plane_bytes = stride / 2 * static_cast<std::size_t>(height / 2);
            const std::uint8_t* cb = chroma_plane + stride / 2 * static_cast<std::size_t>(y / 2);
            const std::uint8_t* cr = cb + plane_bytes;
            for (int i = x; i < x + count; ++i, rgb += 3) {
                write_rgb(row[i], chroma(cb[i / 2], cr[i / 2]), rgb);
            }
            return;
        }
    }
}

}  // namespace movenet::app
