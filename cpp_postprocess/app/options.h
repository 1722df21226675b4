// The command line.

#ifndef MOVENET_APP_OPTIONS_H
#define MOVENET_APP_OPTIONS_H

#include <cstdint>
#include <string>
#include <vector>

#include "frame.h"

namespace movenet::app {

struct NetworkOptions {
    int num_threads = 1;
    int powersave = 0;             // ncnn's: 0 all CPUs, 1 the little ones, 2 the big ones
    bool half_storage = true;      // weights and activations in half precision in memory, where the CPU can
    bool half_arithmetic = false;  // sums in half precision as well
};

enum class SourceKind { kPictures, kRaw, kCamera };

struct Options {
    bool help = false;
    std::string model_folder = "weights/default";
    SourceKind source = SourceKind::kPictures;
    std::vector<std::string> pictures;
    std::string device;                   // of a camera, e.g. /dev/video0
    int width_px = 640, height_px = 480;  // of raw frames; wished for from a camera
    bool format_given = false;
    PixelFormat format = PixelFormat::kRgb;
    double frames_per_second = 30;  // of raw frames: pipes carry no timestamps
    std::int64_t max_frames = 0;    // 0: all
    bool tracking = true;
    bool smoothing = true;
    bool times = false;
    NetworkOptions network;
};

// Throws Error if an option is unknown, lacks its value or contradicts another.
Options parse_options(const std::vector<std::string>& arguments);

// What --help prints. `still_images`: which picture files this build reads.
std::string usage(const std::string& program, const std::string& still_images);

}  // namespace movenet::app

#endif  // MOVENET_APP_OPTIONS_H
