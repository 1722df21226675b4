"""`PoseTracker`: the frames of a sequence in, one after the other; the pose of one person out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from movenet.estimator import Pose, PoseEstimator, Timings
from movenet.geometry import Square, letterbox_square
from movenet.tracking.one_euro import PoseSmoother
from movenet.tracking.square import next_square


class PoseTracker:
    """Follows one person: each frame is looked at where the person was in the last one, which shows them larger.

    Args:
        estimator: finds the pose in a square.
        tracking: whether the square follows the person; if not, every frame is looked at whole.
        smoothing: whether points are smoothed by One-Euro filters.
    """

    def __init__(self, estimator: PoseEstimator, tracking: bool = True, smoothing: bool = True) -> None:
        self._estimator = estimator
        self._tracking = tracking
        self._smoothing = smoothing
        self._size_px: tuple[int, int] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the person: the next frame is the first one of another sequence."""
        self._square: Square | None = None
        self._smoother = PoseSmoother() if self._smoothing else None

    def __call__(self, frame_bgr: np.ndarray, timestamp_s: float) -> Pose:
        """Find the pose in the next frame. A frame of another size than the last one begins another sequence.

        Args:
            frame_bgr: uint8 [height, width, 3], as OpenCV reads pictures.
            timestamp_s: when it was taken; may start anywhere.

        Raises:
            DataError: if the frame is of another shape or dtype.
        """
        if self._size_px not in (None, np.shape(frame_bgr)[:2]):
            self.reset()
        pose = self._estimator(frame_bgr, self._square)
        height, width = self._size_px = frame_bgr.shape[:2]
        # Smoothed before the square is found, which makes that one calmer.
        if self._smoother is not None:
            pose = replace(pose, keypoints=self._smoother(pose.keypoints, width, height, timestamp_s))
        if self._tracking:
            self._square = next_square(pose.keypoints, width, height)
        return pose


def look_twice(estimator: PoseEstimator, frame_bgr: np.ndarray) -> Pose:
    """The pose in a single picture: looked at whole, and then where the person was found; once if nowhere.

    Args:
        estimator: finds the pose in a square.
        frame_bgr: uint8 [height, width, 3], as OpenCV reads pictures.

    Raises:
        DataError: if the picture is of another shape or dtype.
    """
    first = estimator(frame_bgr)
    height, width = frame_bgr.shape[:2]
    square = next_square(first.keypoints, width, height)
    if square == letterbox_square(width, height):
        return first
    second = estimator(frame_bgr, square)
    return replace(second, timings=_sum_of(first.timings, second.timings))


def _sum_of(first: Timings, second: Timings) -> Timings:
    return Timings(
        first.preprocess_ms + second.preprocess_ms,
        first.network_ms + second.network_ms,
        first.decode_ms + second.decode_ms,
    )
