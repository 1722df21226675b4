#include "tracking.h"

#include <algorithm>
#include <cmath>
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

// Of a search's squares after the first: the share of the frame's long side that they are wide, and where along it they
// lie, from one end (0) to the other (1).
constexpr double kPartShare = 0.5;
constexpr std::array<double, kSearchLooks - 1> kPartPlaces = {0.5, 0, 1};

constexpr double kInfinity = std::numeric_limits<double>::infinity();

// Around the points that are a person's if there is one; without any its longer side is minus infinity.
struct Box {
    double left = kInfinity, top = kInfinity, right = -kInfinity, bottom = -kInfinity;

    double longer_side() const { return std::max(right - left, bottom - top); }
};

Box box_of(const std::vector<Keypoint>& points) {
    Box box;
    for (const Keypoint& point : points) {
        if (point.score >= kMinScore) {
            box.left = std::min(box.left, double{point.x});
            box.right = std::max(box.right, double{point.x});
            box.top = std::min(box.top, double{point.y});
            box.bottom = std::max(box.bottom, double{point.y});
        }
    }
    return box;
}

// Of a search's looks the one of the largest is followed: the mean score, times the square root of the box's longer
// side, since a part of a large person looks sure, too.
double worth_of(const std::vector<Keypoint>& points) {
    double total = 0;
    for (const Keypoint& point : points) {
        total += double{point.score};
    }
    return total / static_cast<double>(points.size()) * std::sqrt(std::max(0.0, box_of(points).longer_side()));
}

}  // namespace

std::array<Square, kSearchLooks> search_squares(int width_px, int height_px) {
    std::array<Square, kSearchLooks> squares;
    squares[0] = letterbox_square(width_px, height_px);
    const double side_px = kPartShare * squares[0].side_px;
    for (std::size_t i = 0; i < kPartPlaces.size(); ++i) {
        const double middle_px = side_px / 2 + kPartPlaces[i] * (squares[0].side_px - side_px);
        squares[1 + i] = width_px >= height_px ? Square{middle_px, height_px / 2.0, side_px}
                                               : Square{width_px / 2.0, middle_px, side_px};
    }
    return squares;
}

std::optional<Square> next_square(const std::vector<Keypoint>& points_px, int width_px, int height_px) {
    const Box box = box_of(points_px);
    const auto sure = static_cast<std::size_t>(std::count_if(
        points_px.begin(), points_px.end(), [](const Keypoint& point) { return point.score >= kSureScore; }));
    const Square whole = letterbox_square(width_px, height_px);
    const double center_x = (box.left + box.right) / 2, center_y = (box.top + box.bottom) / 2;
    const double side_px = kMargin * box.longer_side();
    // Written so that what is no number ends at nobody.
    const bool inside = center_x >= 0 && center_x <= width_px && center_y >= 0 && center_y <= height_px;
    const bool anybody = sure > 0 && kSurePointOf * sure >= points_px.size();
    if (!anybody || !inside || !(side_px >= kMinSideShare * whole.side_px)) {
        return std::nullopt;
    }
    return side_px <= whole.side_px ? Square{center_x, center_y, side_px} : whole;
}

Square SquareTracker::square(int width_px, int height_px) const {
    return followed_ ? *followed_ : search_squares(width_px, height_px)[num_searched_];
}

void SquareTracker::update(std::vector<Keypoint>& points_px, int width_px, int height_px) {
    if (followed_) {
        followed_ = next_square(points_px, width_px, height_px);
        return;
    }
    const double worth = worth_of(points_px);
    if (num_searched_ == 0 || worth > best_worth_) {
        best_ = points_px;
        best_worth_ = worth;
    } else {
        points_px = best_;
    }
    if (++num_searched_ == kSearchLooks) {
        followed_ = next_square(points_px, width_px, height_px);
        num_searched_ = 0;
    }
}

}  // namespace movenet::app
