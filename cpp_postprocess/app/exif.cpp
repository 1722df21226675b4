#include "exif.h"

#include <algorithm>
#include <cstring>
#include <utility>

namespace movenet::app {

namespace {

constexpr int kUpright = 1;
constexpr std::size_t kChannels = 3;

// Numbers at places of a block of memory; 0 behind its end.
struct Bytes {
    const std::uint8_t* data;
    std::size_t size;
    bool little_endian = false;

    std::uint32_t number(std::size_t place, std::size_t num_bytes) const {
        if (place > size || num_bytes > size - place) {
            return 0;
        }
        std::uint32_t value = 0;
        for (std::size_t i = 0; i < num_bytes; ++i) {
            value = value << 8 | data[place + (little_endian ? num_bytes - 1 - i : i)];
        }
        return value;
    }
};

int tiff_orientation(Bytes tiff) {
    constexpr std::uint32_t kLittle = 0x4949, kBig = 0x4d4d, kMagic = 42, kOrientation = 0x0112, kShort = 3;
    const std::uint32_t order = tiff.number(0, 2);
    tiff.little_endian = order == kLittle;
    if ((order != kLittle && order != kBig) || tiff.number(2, 2) != kMagic) {
        return kUpright;
    }
    const std::size_t directory = tiff.number(4, 4);
    const std::uint32_t num_entries = tiff.number(directory, 2);
    for (std::uint32_t i = 0; i < num_entries; ++i) {
        const std::size_t entry = directory + 2 + std::size_t{12} * i;
        if (tiff.number(entry, 2) == kOrientation && tiff.number(entry + 2, 2) == kShort) {
            const std::uint32_t orientation = tiff.number(entry + 8, 2);
            return orientation >= 1 && orientation <= 8 ? static_cast<int>(orientation) : kUpright;
        }
    }
    return kUpright;
}

}  // namespace

int exif_orientation(const std::uint8_t* bytes, std::size_t size) {
    constexpr std::uint32_t kStart = 0xffd8, kApp1 = 0xffe1, kScan = 0xffda;
    constexpr char kExif[] = "Exif\0";  // and the array's own zero: six bytes
    const Bytes file{bytes, size};
    if (file.number(0, 2) != kStart) {
        return kUpright;
    }
    // Segments: a marker, the length of the rest, the rest.
    for (std::size_t place = 2; place + 4 <= size;) {
        const std::uint32_t marker = file.number(place, 2), length = file.number(place + 2, 2);
        if (marker >> 8 != 0xff || marker == kScan || length < 2 || length > size - place - 2) {
            break;
        }
        const std::uint8_t* content = bytes + place + 4;
        const std::size_t content_bytes = length - 2;
        if (marker == kApp1 && content_bytes > sizeof kExif && std::memcmp(content, kExif, sizeof kExif) == 0) {
            return tiff_orientation({content + sizeof kExif, content_bytes - sizeof kExif});
        }
        place += 2 + std::size_t{length};
    }
    return kUpright;
}

Picture upright(Picture picture, int orientation) {
    if (orientation <= 1 || orientation > 8) {
        return picture;
    }
    const int last_x = picture.layout.width_px - 1, last_y = picture.layout.height_px - 1;
    const bool turned = orientation >= 5;
    Picture result;
    result.layout =
        packed_layout(PixelFormat::kRgb, turned ? last_y + 1 : last_x + 1, turned ? last_x + 1 : last_y + 1);
    result.rgb.resize(picture.rgb.size());
    std::uint8_t* out = result.rgb.data();
    for (int y = 0; y < result.layout.height_px; ++y) {
        for (int x = 0; x < result.layout.width_px; ++x, out += kChannels) {
            int from_x = turned ? y : x, from_y = turned ? x : y;
            // The stored column and row zero lie at the right and the bottom in these.
            if (orientation == 2 || orientation == 3 || orientation == 7 || orientation == 8) {
                from_x = last_x - from_x;
            }
            if (orientation == 3 || orientation == 4 || orientation == 6 || orientation == 7) {
                from_y = last_y - from_y;
            }
            const std::size_t pixel =
                static_cast<std::size_t>(from_y) * picture.layout.stride + kChannels * static_cast<std::size_t>(from_x);
            std::copy_n(picture.rgb.data() + pixel, kChannels, out);
        }
    }
    return result;
}

}  // namespace movenet::app
