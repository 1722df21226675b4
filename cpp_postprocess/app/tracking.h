// Which square of the next frame to look at: those of a search first, then around the person that was found.
// movenet/tracking/square.py in C++, the same numbers.

#ifndef MOVENET_APP_TRACKING_H
#define MOVENET_APP_TRACKING_H

#include <array>
#include <cstddef>
#include <optional>
#include <vector>

#include "square.h"

namespace movenet::app {

constexpr std::size_t kSearchLooks = 4;

// The squares of a search: the whole frame; then half as wide as its long side, across the middle of the short one: in
// the middle of the long side and at both of its ends.
std::array<Square, kSearchLooks> search_squares(int width_px, int height_px);

// The next square, from the points in the frame's pixels:
//
//   - around the box of the points with a score of at least 0.1, 1.4 times as wide as its longer side; the whole frame
//     if that is wider than the frame's long side;
//   - none if fewer than a quarter of the points have 0.25 (backgrounds, too, look a little like people), if the
//     square's middle is outside of the frame, or if it is less than a tenth of the long side wide: nobody is there
//     whom one could follow.
std::optional<Square> next_square(const std::vector<Keypoint>& points_px, int width_px, int height_px);

// Where to look in the frames of a sequence, which have one size. First it searches, one square a frame, and then
// follows whom the best of these looks has found: the one with the largest mean score times the square root of the
// person's size. When nobody is there any more, it searches again.
class SquareTracker {
public:
    bool following() const { return followed_.has_value(); }

    // To look at in the next frame.
    Square square(int width_px, int height_px) const;

    // Takes in what was found there. In a search the points become those of its best look so far. Allocates nothing
    // after the first search.
    void update(std::vector<Keypoint>& points_px, int width_px, int height_px);

private:
    std::optional<Square> followed_;
    std::size_t num_searched_ = 0;
    std::vector<Keypoint> best_;
    double best_worth_ = 0;
};

}  // namespace movenet::app

#endif  // MOVENET_APP_TRACKING_H
