"""Which square of the next frame to look at: those of a search first, then around the person that was found.

MoveNet's own detector (tfjs-models, pose-detection) goes by shoulders and hips and falls back to the whole frame
without them. A box around whatever is found also follows who sits at a table, and takes any skeleton; and who is small
in the whole frame is larger in one of the search's other squares (docs/evaluation.md has what both are worth). The C++
application has the same rules (`cpp_postprocess/app/tracking.h`).
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

# Of a search's squares after the first: the share of the frame's long side that they are wide, and where along it they
# lie, from one end (0) to the other (1).
_PART_SHARE = 0.5
_PART_PLACES = (0.5, 0.0, 1.0)
SEARCH_LOOKS = 1 + len(_PART_PLACES)


def search_squares(width_px: int, height_px: int) -> tuple[Square, ...]:
    """The squares of a search, `SEARCH_LOOKS` of them.

    The whole frame; then half as wide as its long side, across the middle of the short one: in the middle of the long
    side and at both of its ends.
    """
    whole = letterbox_square(width_px, height_px)
    side_px = _PART_SHARE * whole.side_px
    middles_px = [side_px / 2 + place * (whole.side_px - side_px) for place in _PART_PLACES]
    if width_px >= height_px:
        return (whole, *(Square(middle, height_px / 2, side_px) for middle in middles_px))
    return (whole, *(Square(width_px / 2, middle, side_px) for middle in middles_px))


def next_square(keypoints: np.ndarray, width_px: int, height_px: int) -> Square | None:
    """The square to look at after a frame in which these points were found.

    - around the box of the points with a score of at least 0.1, 1.4 times as wide as its longer side; the whole frame
      if that is wider than the frame's long side;
    - none if fewer than a quarter of the points have 0.25 (backgrounds, too, look a little like people), if the
      square's middle is outside of the frame, or if it is less than a tenth of the long side wide: nobody is there whom
      one could follow.

    Args:
        keypoints: float32 [K, 3]: x and y in the frame's pixels, and score; finite.
        width_px, height_px: of the frame.
    """
    scores = keypoints[:, 2]
    num_sure = int((scores >= _SURE_SCORE).sum())
    if num_sure == 0 or _SURE_POINT_OF * num_sure < len(keypoints):
        return None
    smallest, largest = _box(keypoints)
    center_x, center_y = ((smallest + largest) / 2).tolist()
    side_px = _MARGIN * float((largest - smallest).max())
    whole = letterbox_square(width_px, height_px)
    inside = 0 <= center_x <= width_px and 0 <= center_y <= height_px
    if not inside or side_px < _MIN_SIDE_SHARE * whole.side_px:
        return None
    return Square(center_x, center_y, side_px) if side_px <= whole.side_px else whole


def _box(keypoints: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The corners, float64 [2] each, of the box around the points that are a person's if there is one."""
    theirs = keypoints[keypoints[:, 2] >= _MIN_SCORE, :2].astype(np.float64)
    return theirs.min(axis=0), theirs.max(axis=0)


def _worth(keypoints: np.ndarray) -> float:
    """Of a search's looks the one of the largest is followed.

    The mean score, times the square root of the box's longer side: a part of a large person looks sure, too.
    """
    if (keypoints[:, 2] < _MIN_SCORE).all():
        return 0.0
    smallest, largest = _box(keypoints)
    return float(keypoints[:, 2].mean(dtype=np.float64) * np.sqrt((largest - smallest).max()))


class SquareTracker:
    """Where to look in the frames of a sequence, which have one size.

    First it searches, one square a frame, and then follows whom the best of these looks has found: the one with the
    largest mean score times the square root of the person's size. (Who is sure of somebody in the first look is wrong
    too often to look no further.) When nobody is there any more, it searches again.
    """

    def __init__(self) -> None:
        self._followed: Square | None = None
        self._num_searched = 0
        self._best: np.ndarray | None = None
        self._best_worth = 0.0

    @property
    def following(self) -> bool:
        """Whether somebody is followed; else it searches."""
        return self._followed is not None

    def square(self, width_px: int, height_px: int) -> Square:
        """The square to look at in the next frame."""
        return self._followed or search_squares(width_px, height_px)[self._num_searched]

    def update(self, keypoints: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
        """Take in what was found in `square`, float32 [K, 3] as in `next_square`.

        Returns:
            What is known of the person now: the same points, or, in a search, those of its best look so far.
        """
        if self._followed is not None:
            self._followed = next_square(keypoints, width_px, height_px)
            return keypoints
        worth = _worth(keypoints)
        if self._best is None or worth > self._best_worth:
            self._best, self._best_worth = keypoints, worth
        best = self._best
        self._num_searched += 1
        if self._num_searched == SEARCH_LOOKS:
            self._followed = next_square(best, width_px, height_px)
            self._num_searched, self._best = 0, None
        return best
