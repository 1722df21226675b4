"""Which square of the next frame to look at: around the person that was found in this one.

MoveNet's own detector (tfjs-models, pose-detection) goes by shoulders and hips and falls back to the whole frame
without them. A box around whatever is found also follows who sits at a table, takes any skeleton, and finds more points
(docs/evaluation.md). The C++ application has the same rule (`cpp_postprocess/app/tracking.h`).
"""

from __future__ import annotations

import numpy as np

from movenet.geometry import Square, letterbox_square

MIN_SCORE = 0.15
# At least one point of so many.
_MIN_POINTS_OF = 4
_MARGIN = 1.4
_MIN_SIDE_SHARE = 0.1


def next_square(keypoints: np.ndarray, width_px: int, height_px: int) -> Square:
    """The square to look at after a frame in which these points were found.

    - around the box of the points with a score of at least 0.15, 1.4 times as wide as its longer side;
    - the whole frame if they are fewer than a quarter of all, if the square's middle is outside of the frame, or if it
      is wider than the frame's long side or less than a tenth of it: nobody is there whom one could follow.

    Args:
        keypoints: float32 [K, 3]: x and y in the frame's pixels, and score; finite.
        width_px, height_px: of the frame.
    """
    whole = letterbox_square(width_px, height_px)
    sure = keypoints[keypoints[:, 2] >= MIN_SCORE, :2].astype(np.float64)
    if _MIN_POINTS_OF * len(sure) < len(keypoints):
        return whole
    smallest, largest = sure.min(axis=0), sure.max(axis=0)
    center_x, center_y = ((smallest + largest) / 2).tolist()
    side_px = _MARGIN * float((largest - smallest).max())
    inside = 0 <= center_x <= width_px and 0 <= center_y <= height_px
    fits = _MIN_SIDE_SHARE * whole.side_px <= side_px <= whole.side_px
    return Square(center_x, center_y, side_px) if inside and fits else whole
