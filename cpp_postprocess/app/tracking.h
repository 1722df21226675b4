// Which square of the next frame to look at: around the person that was found in this one. The rule of MoveNet's own
// detector (tfjs-models, pose-detection), without its low-pass filter of the square.

#ifndef MOVENET_APP_TRACKING_H
#define MOVENET_APP_TRACKING_H

#include <optional>
#include <string>
#include <vector>

#include "square.h"

namespace movenet::app {

// The channels that the rule asks for.
struct TorsoChannels {
    int left_shoulder = 0, right_shoulder = 0, left_hip = 0, right_hip = 0;
};

// None if the skeleton has no keypoints of these names.
std::optional<TorsoChannels> find_torso(const std::vector<std::string>& keypoint_names);

// The next square, from the points in the frame's pixels:
//
//   - a shoulder and a hip above 0.2, or else the whole frame;
//   - around the middle of the hips, half as wide as the largest of 1.9 times the torso's reach (shoulders and hips of
//     any score) and 1.2 times the body's (points of at least 0.2), each in x and in y;
//   - but not beyond the farthest border of the frame, and if it is wider than the frame's long side, the whole frame.
Square next_square(const std::vector<Keypoint>& points_px, const TorsoChannels& torso, int width_px, int height_px);

}  // namespace movenet::app

#endif  // MOVENET_APP_TRACKING_H
