#include "pipeline.h"

#include <string>
#include <utility>

#include "error.h"
#include "stopwatch.h"

namespace movenet::app {

static_assert(sizeof(Keypoint) == 3 * sizeof(float), "the decoder writes x, y, score");

Pipeline::Pipeline(const Model& model, RunNetwork network, bool tracking, bool smoothing)
    : network_(std::move(network)), resampler_(model.input_size_px) {
    if (tracking) {
        torso_ = find_torso(model.keypoint_names);
        if (!torso_) {
            throw Error(
                "tracking needs the keypoints left_shoulder, right_shoulder, left_hip and right_hip, which "
                "this model's skeleton has not: give --no-tracking");
        }
    }
    if (smoothing) {
        smoother_.emplace(static_cast<int>(model.keypoint_names.size()));
    }
    input_.resize(std::size_t{3} * model.input_size_px * model.input_size_px);
    result_.points_px.resize(model.keypoint_names.size());
}

const Pipeline::Result& Pipeline::process(const Frame& frame, double timestamp_s) {
    const int width = frame.layout.width_px, height = frame.layout.height_px;
    std::vector<Keypoint>& points = result_.points_px;
    Stopwatch stopwatch;
    const Square cut = resampler_.extract(frame, square_.value_or(letterbox_square(width, height)), input_.data());
    result_.timings.preprocess_ms = stopwatch.lap_ms();
    const movenet_heads& heads = network_(input_.data());
    result_.timings.network_ms = stopwatch.lap_ms();
    const movenet_status status = movenet_decode(&heads, &points.data()->x);
    if (status != MOVENET_OK) {
        throw Error(std::string("the network's outputs cannot be decoded: ") + movenet_status_message(status));
    }
    for (Keypoint& point : points) {
        move_to_px(cut, point);
    }
    result_.timings.decode_ms = stopwatch.lap_ms();
    // Smoothed before the square is found, which makes that one calmer.
    if (smoother_) {
        smoother_->smooth(points, width, height, timestamp_s);
    }
    if (torso_) {
        square_ = next_square(points, *torso_, width, height);
    }
    result_.tracking_ms = stopwatch.lap_ms();
    return result_;
}

}  // namespace movenet::app
