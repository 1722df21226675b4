"""One person through the frames of a sequence: where to look next, and points that do not tremble."""

from movenet.tracking.one_euro import OneEuroSettings, PoseSmoother
from movenet.tracking.square import SEARCH_LOOKS, SquareTracker, next_square, search_squares
from movenet.tracking.tracker import PoseTracker, find_in_picture

__all__ = [
    "SEARCH_LOOKS",
    "OneEuroSettings",
    "PoseSmoother",
    "PoseTracker",
    "SquareTracker",
    "find_in_picture",
    "next_square",
    "search_squares",
]
