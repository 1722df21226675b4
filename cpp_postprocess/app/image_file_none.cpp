#include "error.h"
#include "image_file.h"

namespace movenet::app {

const char* still_image_support() {
    return "(NOT in this build: neither stb_image, Debian's libstb-dev, nor OpenCV was found)";
}

Picture read_picture(const std::string& path) {
    throw Error(path +
                ": this program was built without stb_image and OpenCV: install libstb-dev and build it again, "
                "or pipe pixels to --raw");
}

}  // namespace movenet::app
