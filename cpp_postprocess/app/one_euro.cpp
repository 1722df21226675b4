#include "one_euro.h"

#include <algorithm>
#include <cmath>

namespace movenet::app {

namespace {

constexpr double kTwoPi = 6.283185307179586;

// The weight of the new value in a first-order low-pass filter.
double new_weight(double cutoff_hz, double seconds) {
    return 1 / (1 + 1 / (kTwoPi * cutoff_hz * seconds));
}

double blend(double weight, double value, double previous) {
    return weight * value + (1 - weight) * previous;
}

}  // namespace

double OneEuroFilter::apply(double value, double seconds, const OneEuroSettings& settings) {
    if (!started_) {
        started_ = true;
        raw_ = smooth_ = value;
        return value;
    }
    const double speed = (value - raw_) / seconds;
    smooth_speed_ = blend(new_weight(settings.speed_cutoff_hz, seconds), speed, smooth_speed_);
    const double cutoff_hz = settings.min_cutoff_hz + settings.beta * std::abs(smooth_speed_);
    raw_ = value;
    smooth_ = blend(new_weight(cutoff_hz, seconds), value, smooth_);
    return smooth_;
}

PoseSmoother::PoseSmoother(int num_keypoints, const OneEuroSettings& settings)
    : settings_(settings), x_(num_keypoints), y_(num_keypoints) {}

void PoseSmoother::smooth(std::vector<Keypoint>& points_px, int width_px, int height_px, double timestamp_s) {
    const double seconds = timestamp_s - last_timestamp_s_;
    // The first frame's points come out as they went in, whatever its time.
    if (started_ && !(seconds > 0)) {
        return;
    }
    started_ = true;
    last_timestamp_s_ = timestamp_s;
    for (std::size_t i = 0; i < points_px.size(); ++i) {
        Keypoint& point = points_px[i];
        point.x = static_cast<float>(width_px * x_[i].apply(double{point.x} / width_px, seconds, settings_));
        point.y = static_cast<float>(height_px * y_[i].apply(double{point.y} / height_px, seconds, settings_));
    }
}

void PoseSmoother::restart() {
    started_ = false;
    std::fill(x_.begin(), x_.end(), OneEuroFilter());
    std::fill(y_.begin(), y_.end(), OneEuroFilter());
}

}  // namespace movenet::app
