"""One person through the frames of a sequence: where to look next, and points that do not tremble."""

from movenet.tracking.one_euro import OneEuroSettings, PoseSmoother
from movenet.tracking.square import next_square
from movenet.tracking.tracker import PoseTracker, look_twice

__all__ = [
    "OneEuroSettings",
    "PoseSmoother",
    "PoseTracker",
    "look_twice",
    "next_square",
]
