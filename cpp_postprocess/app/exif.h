// Which way up a photograph is: cameras write pixels as the sensor lies, and a number that says how to turn them.

#ifndef MOVENET_APP_EXIF_H
#define MOVENET_APP_EXIF_H

#include <cstddef>
#include <cstdint>

#include "image_file.h"

namespace movenet::app {

// Exif's Orientation of a JPEG file (CIPA DC-008, tag 0x0112), 1 .. 8; 1, upright, where it says nothing readable.
int exif_orientation(const std::uint8_t* bytes, std::size_t size);

// The picture as it is looked at.
Picture upright(Picture picture, int orientation);

}  // namespace movenet::app

#endif  // MOVENET_APP_EXIF_H
