#include "pipeline.h"

#include <string>
#include <utility>

#include "error.h"
#include "stopwatch.h"

namespace movenet::app {

static_assert(sizeof(Keypoint) == 3 * sizeof(float), "the decoder writes x, y, score");

Pipeline::Pipeline(const Model& model, RunNetwork network, bool tracking, bool smoothing)
    : network_(std::move(network)), resampler_(model.input_size_px), tracking_(tracking) {
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
    if (tracking_) {
        square_ = next_square(points, width, height);
    }
    result_.tracking_ms = stopwatch.lap_ms();
    return result_;
}

const Pipeline::Result& Pipeline::process_picture(const Frame& frame) {
    square_.reset();
    process(frame, 0);
    if (square_ && !(*square_ == letterbox_square(frame.layout.width_px, frame.layout.height_px))) {
        const Timings first = result_.timings;
        const double first_tracking_ms = result_.tracking_ms;
        process(frame, 0);
        result_.timings.preprocess_ms += first.preprocess_ms;
        result_.timings.network_ms += first.network_ms;
        result_.timings.decode_ms += first.decode_ms;
        result_.tracking_ms += first_tracking_ms;
    }
    return result_;
}

}  // namespace movenet::app
