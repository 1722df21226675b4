#include "tracking.h"

#include <algorithm>
#include <cstddef>
#include <limits>

namespace movenet::app {

namespace {

// Somebody is there if at least one point of so many is as sure as this ...
constexpr float kSureScore = 0.25f;
constexpr std::size_t kSurePointOf = 4;
// ... and then less sure points are theirs, too.
constexpr float kMinScore = 0.1f;
constexpr double kMargin = 1.4;
constexpr double kMinSideShare = 0.1;

}  // namespace

Square next_square(const std::vector<Keypoint>& points_px, int width_px, int height_px) {
    constexpr double kInfinity = std::numeric_limits<double>::infinity();
    double left = kInfinity, top = kInfinity, right = -kInfinity, bottom = -kInfinity;
    std::size_t sure = 0;
    for (const Keypoint& point : points_px) {
        sure += point.score >= kSureScore ? 1 : 0;
        if (point.score >= kMinScore) {
            left = std::min(left, double{point.x});
            right = std::max(right, double{point.x});
            top = std::min(top, double{point.y});
            bottom = std::max(bottom, double{point.y});
        }
    }
    const Square whole = letterbox_square(width_px, height_px);
    const double center_x = (left + right) / 2, center_y = (top + bottom) / 2;
    const double side_px = kMargin * std::max(right - left, bottom - top);
    // Written so that what is no number ends at the whole frame as well.
    const bool inside = center_x >= 0 && center_x <= width_px && center_y >= 0 && center_y <= height_px;
    const bool fits = side_px >= kMinSideShare * whole.side_px && side_px <= whole.side_px;
    const bool anybody = sure > 0 && kSurePointOf * sure >= points_px.size();
    return anybody && inside && fits ? Square{center_x, center_y, side_px} : whole;
}

}  // namespace movenet::app
