// Which square of the next frame to look at: around the person that was found in this one. movenet/tracking/square.py
// in C++, the same numbers.

#ifndef MOVENET_APP_TRACKING_H
#define MOVENET_APP_TRACKING_H

#include <vector>

#include "square.h"

namespace movenet::app {

// The next square, from the points in the frame's pixels:
//
//   - around the box of the points with a score of at least 0.1, 1.4 times as wide as its longer side;
//   - the whole frame if fewer than a quarter of the points have 0.25 (backgrounds, too, look a little like people), if
//     the square's middle is outside of the frame, or if it is wider than the frame's long side or less than a tenth of
//     it: nobody is there whom one could follow.
Square next_square(const std::vector<Keypoint>& points_px, int width_px, int height_px);

}  // namespace movenet::app

#endif  // MOVENET_APP_TRACKING_H
