// Photographs stand upright.

#include <doctest/doctest.h>

#include <algorithm>
#include <iterator>
#include <string>
#include <utility>

#include "exif.h"

using namespace movenet::app;

namespace {

// The head of a JPEG file with an Exif segment that has one entry before the orientation.
std::vector<std::uint8_t> jpeg(int orientation, bool little_endian) {
    std::vector<std::uint8_t> tiff;
    const auto put = [&](std::uint32_t number, int num_bytes) {
        for (int i = 0; i < num_bytes; ++i) {
            const int shift = 8 * (little_endian ? i : num_bytes - 1 - i);
            tiff.push_back(static_cast<std::uint8_t>(number >> shift));
        }
    };
    put(little_endian ? 0x4949 : 0x4d4d, 2);
    put(42, 2);
    put(8, 4);
    put(2, 2);
    for (const auto& [tag, value] : {std::pair{0x0100, 7}, {0x0112, orientation}}) {
        put(static_cast<std::uint32_t>(tag), 2);
        put(3, 2);
        put(1, 4);
        put(static_cast<std::uint32_t>(value), 2);
        put(0, 2);
    }
    std::vector<std::uint8_t> file;
    for (const int byte : {0xff, 0xd8, 0xff, 0xe0, 0, 4, 1, 2, 0xff, 0xe1, 0, 2 + 6 + static_cast<int>(tiff.size())}) {
        file.push_back(static_cast<std::uint8_t>(byte));
    }
    for (const char letter : {'E', 'x', 'i', 'f', '\0', '\0'}) {
        file.push_back(static_cast<std::uint8_t>(letter));
    }
    std::copy(tiff.begin(), tiff.end(), std::back_inserter(file));
    return file;
}

int orientation_of(const std::vector<std::uint8_t>& file) {
    return exif_orientation(file.data(), file.size());
}

// Pixels as letters, rows divided by a slash.
std::string turned(int orientation) {
    Picture picture{packed_layout(PixelFormat::kRgb, 3, 2), {}};
    for (const char letter : std::string("abcdef")) {
        picture.rgb.insert(picture.rgb.end(), 3, static_cast<std::uint8_t>(letter));
    }
    const Picture result = upright(picture, orientation);
    std::string text;
    for (int y = 0; y < result.layout.height_px; ++y) {
        text += y ? "/" : "";
        for (int x = 0; x < result.layout.width_px; ++x) {
            text += static_cast<char>(result.rgb[static_cast<std::size_t>(3 * (y * result.layout.width_px + x))]);
        }
    }
    return text;
}

}  // namespace

TEST_CASE("the orientation is found in either byte order") {
    for (const bool little_endian : {false, true}) {
        for (int orientation = 1; orientation <= 8; ++orientation) {
            CHECK(orientation_of(jpeg(orientation, little_endian)) == orientation);
        }
        CHECK(orientation_of(jpeg(0, little_endian)) == 1);
        CHECK(orientation_of(jpeg(9, little_endian)) == 1);
    }
}

TEST_CASE("a file that ends anywhere, or is no JPEG, counts as upright or keeps what it said") {
    const std::vector<std::uint8_t> whole = jpeg(6, true);
    for (std::size_t size = 0; size < whole.size(); ++size) {
        const std::vector<std::uint8_t> cut(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size));
        CHECK(orientation_of(cut) == 1);
    }
    CHECK(orientation_of({'P', '6', ' ', '1'}) == 1);
}

TEST_CASE("each of Exif's eight orientations is turned upright") {
    // Of abc over def: what is stored first lies top left, top right, bottom right, bottom left, and the four mirrored.
    CHECK(turned(1) == "abc/def");
    CHECK(turned(2) == "cba/fed");
    CHECK(turned(3) == "fed/cba");
    CHECK(turned(4) == "def/abc");
    CHECK(turned(5) == "ad/be/cf");
    CHECK(turned(6) == "da/eb/fc");
    CHECK(turned(7) == "fc/eb/da");
    CHECK(turned(8) == "cf/be/ad");
}
