#include <opencv2/imgcodecs.hpp>
#include <opencv2/imgproc.hpp>

#include "error.h"
#include "image_file.h"

namespace movenet::app {

const char* still_image_support() {
    return "(whatever OpenCV reads)";
}

Picture read_picture(const std::string& path) {
    cv::Mat bgr;
    try {
        bgr = cv::imread(path, cv::IMREAD_COLOR);
    } catch (const cv::Exception& error) {
        throw Error(path + ": OpenCV cannot read it: " + error.what());
    }
    if (bgr.empty()) {
        throw Error(path + ": not there, or not a picture that OpenCV can read");
    }
    Picture picture{packed_layout(PixelFormat::kRgb, bgr.cols, bgr.rows), {}};
    picture.rgb.resize(num_bytes(picture.layout));
    cv::Mat rgb(bgr.rows, bgr.cols, CV_8UC3, picture.rgb.data());
    cv::cvtColor(bgr, rgb, cv::COLOR_BGR2RGB);
    return picture;
}

}  // namespace movenet::app
