#include "camera.h"
#include "error.h"

namespace movenet::app {

std::unique_ptr<FrameSource> open_camera(const Options&, const std::atomic<bool>&) {
    throw Error("--device needs Linux, whose Video4Linux2 it reads; pipe frames in with --raw, e.g. from ffmpeg");
}

}  // namespace movenet::app
