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
    const Square square = tracking_ ? squares_.square(width, height) : letterbox_square(width, height);
    const Square cut = resampler_.extract(frame, square, input_.data());
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
    if (smoother_ && tracking_ && !squares_.following()) {
        smoother_->restart();
    } else if (smoother_) {
        // Before the square is found, which makes that one calmer.
        smoother_->smooth(points, width, height, timestamp_s);
    }
    if (tracking_) {
        squares_.update(points, width, height);
    }
    result_.tracking_ms = stopwatch.lap_ms();
    return result_;
}

const Pipeline::Result& Pipeline::process_picture(const Frame& frame) {
    squares_ = {};
    process(frame, 0);
    for (std::size_t look = 1; tracking_ && look <= kSearchLooks; ++look) {
        if (look == kSearchLooks && !squares_.following()) {
            break;
        }
        const Timings before = result_.timings;
        const double tracking_ms_before = result_.tracking_ms;
        process(frame, 0);
        result_.timings.preprocess_ms += before.preprocess_ms;
        result_.timings.network_ms += before.network_ms;
        result_.timings.decode_ms += before.decode_ms;
        result_.tracking_ms += tracking_ms_before;
    }
    return result_;
}

}  // namespace movenet::app
