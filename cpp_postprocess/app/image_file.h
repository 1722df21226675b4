// Picture files, through stb_image (https://github.com/nothings/stb) or OpenCV, whichever the build found.

#ifndef MOVENET_APP_IMAGE_FILE_H
#define MOVENET_APP_IMAGE_FILE_H

#include <cstdint>
#include <string>
#include <vector>

#include "frame.h"

namespace movenet::app {

// For --help: which files are read, and through what; or why none are.
const char* still_image_support();

// The pixels as RGB without gaps, turned upright as the file's Exif data says. Throws Error if the file is no picture
// that can be read, is too large, or if this build reads none.
struct Picture {
    FrameLayout layout;
    std::vector<std::uint8_t> rgb;
    Frame frame() const { return {layout, rgb.data()}; }
};
Picture read_picture(const std::string& path);

}  // namespace movenet::app

#endif  // MOVENET_APP_IMAGE_FILE_H
