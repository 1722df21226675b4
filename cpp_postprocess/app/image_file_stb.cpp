#include <memory>
#include <utility>

#include "error.h"
#include "exif.h"
#include "image_file.h"
#include "model_folder.h"

#define STB_IMAGE_IMPLEMENTATION
#define STB_IMAGE_STATIC
#define STBI_NO_STDIO
#define STBI_NO_HDR
#define STBI_NO_LINEAR
#define STBI_NO_PIC
#define STBI_NO_PSD
#define STBI_NO_GIF
#define STBI_MAX_DIMENSIONS 16384
#if defined(__GNUC__)
#pragma GCC diagnostic push
#pragma GCC diagnostic ignored "-Wunused-function"
#pragma GCC diagnostic ignored "-Wunused-parameter"
#pragma GCC diagnostic ignored "-Wmissing-field-initializers"
#endif
#include <stb/stb_image.h>
#if defined(__GNUC__)
#pragma GCC diagnostic pop
#endif

namespace movenet::app {

static_assert(STBI_MAX_DIMENSIONS == kMaxSidePx);

namespace {

constexpr int kChannels = 3;
constexpr unsigned long long kMaxFileBytes = 1 << 28;

}  // namespace

const char* still_image_support() {
    return "(JPEG, PNG, BMP, TGA or PNM, read by stb_image)";
}

Picture read_picture(const std::string& path) {
    const std::vector<unsigned char> file = read_file(path, kMaxFileBytes);
    int width = 0, height = 0, channels = 0;
    const std::unique_ptr<stbi_uc, void (*)(void*)> pixels(
        stbi_load_from_memory(file.data(), static_cast<int>(file.size()), &width, &height, &channels, kChannels),
        stbi_image_free);
    if (!pixels) {
        throw Error(path + ": not a picture that can be read " + still_image_support() +
                    ", or a damaged one: " + stbi_failure_reason());
    }
    Picture picture{packed_layout(PixelFormat::kRgb, width, height), {}};
    picture.rgb.assign(pixels.get(), pixels.get() + num_bytes(picture.layout));
    return upright(std::move(picture), exif_orientation(file.data(), file.size()));
}

}  // namespace movenet::app
