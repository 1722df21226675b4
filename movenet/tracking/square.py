"""Which square of the next frame to look at: around the person that was found in this one.

MoveNet's own detector (tfjs-models, pose-detection) goes by shoulders and hips and falls back to the whole frame
without them. A box around whatever is found also follows who sits at a table, and takes any skeleton; with the default
weights, less sure of shoulders and hips than Google's, it finds more points (docs/evaluation.md). The C++ application
has the same rule (`cpp_postprocess/app/tracking.h`).
"""

from __future__ import annotations

import numpy as np

from movenet.geometry import Square, letterbox_square

# Somebody is there if at least one point of so many is as sure as this ...
_SURE_SCORE = 0.25
_SURE_POINT_OF = 4
# ... and then less sure points are theirs, too.
_MIN_SCORE = 0.1
_MARGIN = 1.4
_MIN_SIDE_SHARE = 0.1


def next_square(keypoints: np.ndarray, width_px: int, height_px: int) -> Square:
    """The square to look at after a frame in which these points were found.

    - around the box of the points with a score of at least 0.1, 1.4 times as wide as its longer side;
    - the whole frame if fewer than a quarter of the points have 0.25 (backgrounds, too, look a little like people), if
      the square's middle is outside of the frame, or if it is wider than the frame's long side or less than a tenth of
      it: nobody is there whom one could follow.

    Args:
        keypoints: float32 [K, 3]: x and y in the frame's pixels, and score; finite.
        width_px, height_px: of the frame.
    """
    whole = letterbox_square(width_px, height_px)
    scores = keypoints[:, 2]
    num_sure = int((scores >= _SURE_SCORE).sum())
    if num_sure == 0 or _SURE_POINT_OF * num_sure < len(keypoints):
        return whole
    theirs = keypoints[scores >= _MIN_SCORE, :2].astype(np.float64)
    smallest, largest = theirs.min(axis=0), theirs.max(axis=0)
    center_x, center_y = ((smallest + largest) / 2).tolist()
    side_px = _MARGIN * float((largest - smallest).max())
    inside = 0 <= center_x <= width_px and 0 <= center_y <= height_px
    fits = _MIN_SIDE_SHARE * whole.side_px <= side_px <= whole.side_px
    return Square(center_x, center_y, side_px) if inside and fits else whole
