// Runs the application's steps on what it is given, so that the Python tests can compare them with OpenCV and NumPy.
//
//   movenet_app_probe extract FORMAT WIDTH HEIGHT CENTER_X CENTER_Y SIDE SIZE < frame
//       the square that was cut as a line of three numbers, then SIZE x SIZE RGB pixels
//   movenet_app_probe track WIDTH HEIGHT KEYPOINTS SECONDS < float32 [frames, KEYPOINTS, 3]
//       float64 [frames, 2 * KEYPOINTS + 3]: what is known of the smoothed points, and the next square's middle and
//       side

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <string>
#include <vector>

#include "error.h"
#include "one_euro.h"
#include "raw_frames.h"
#include "resample.h"
#include "tracking.h"

namespace movenet::app {

namespace {

const std::atomic<bool> kGoOn{false};

void extract(char** arguments) {
    const FrameLayout layout =
        packed_layout(parse_format(arguments[0]), std::atoi(arguments[1]), std::atoi(arguments[2]));
    FileDescriptor input(STDIN_FILENO);
    RawFrameReader reader(input, layout, kGoOn);
    Frame frame;
    if (!reader.next(frame)) {
        throw Error("no frame");
    }
    const int size = std::atoi(arguments[6]);
    std::vector<std::uint8_t> rgb(std::size_t{3} * size * size);
    const Square square{std::strtod(arguments[3], nullptr), std::strtod(arguments[4], nullptr),
                        std::strtod(arguments[5], nullptr)};
    const Square cut = Resampler(size).extract(frame, square, rgb.data());
    std::printf("%.17g %.17g %.17g\n", cut.center_x_px, cut.center_y_px, cut.side_px);
    std::fwrite(rgb.data(), 1, rgb.size(), stdout);
}

void track(char** arguments) {
    const int width = std::atoi(arguments[0]), height = std::atoi(arguments[1]), keypoints = std::atoi(arguments[2]);
    const double seconds = std::strtod(arguments[3], nullptr);
    std::vector<Keypoint> points(keypoints);
    PoseSmoother smoother(keypoints);
    SquareTracker squares;
    for (int frame = 0; std::fread(points.data(), sizeof(Keypoint), points.size(), stdin) == points.size(); ++frame) {
        smoother.smooth(points, width, height, frame * seconds);
        squares.update(points, width, height);
        const Square next = squares.square(width, height);
        std::vector<double> row;
        for (const Keypoint& point : points) {
            row.push_back(point.x);
            row.push_back(point.y);
        }
        row.insert(row.end(), {next.center_x_px, next.center_y_px, next.side_px});
        std::fwrite(row.data(), sizeof(double), row.size(), stdout);
    }
}

}  // namespace

}  // namespace movenet::app

int main(int argc, char** argv) {
    const std::string command = argc > 1 ? argv[1] : "";
    try {
        if (command == "extract" && argc == 9) {
            movenet::app::extract(argv + 2);
        } else if (command == "track" && argc == 6) {
            movenet::app::track(argv + 2);
        } else {
            throw movenet::app::Error("see the head of probe.cpp");
        }
        return 0;
    } catch (const std::exception& error) {
        std::fprintf(stderr, "error: %s\n", error.what());
        return 2;
    }
}
