"""`PoseTracker`: the frames of a sequence in, one after the other; the pose of one person out."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from movenet.estimator import Pose, PoseEstimator, Timings
from movenet.geometry import Square
from movenet.tracking.one_euro import PoseSmoother
from movenet.tracking.square import SEARCH_LOOKS, SquareTracker


class PoseTracker:
    """Finds one person and follows them: a frame is looked at where they were in the last one, which shows them larger.

    Args:
        estimator: finds the pose in a square.
        tracking: whether somebody is searched for and followed (`SquareTracker`); if not, every frame is looked at
            whole.
        smoothing: whether points are smoothed by One-Euro filters; in a search they are not.
    """

    def __init__(self, estimator: PoseEstimator, tracking: bool = True, smoothing: bool = True) -> None:
        self._estimator = estimator
        self._tracking = tracking
        self._smoothing = smoothing
        self._size_px: tuple[int, int] | None = None
        self.reset()

    def reset(self) -> None:
        """Forget the person: the next frame is the first one of another sequence."""
        self._squares = SquareTracker()
        self._square: Square | None = None
        self._start_smoothing()

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
        searches = self._tracking and not self._squares.following
        pose = self._estimator(frame_bgr, self._square)
        height, width = self._size_px = frame_bgr.shape[:2]
        keypoints = pose.keypoints
        if searches:
            self._start_smoothing()
        elif self._smoother is not None:
            # Before the square is found, which makes that one calmer.
            keypoints = self._smoother(keypoints, width, height, timestamp_s)
        if self._tracking:
            keypoints = self._squares.update(keypoints, width, height)
            self._square = self._squares.square(width, height)
        return replace(pose, keypoints=keypoints)

    def _start_smoothing(self) -> None:
        self._smoother = PoseSmoother() if self._smoothing else None


def find_in_picture(estimator: PoseEstimator, frame_bgr: np.ndarray) -> Pose:
    """The pose in a single picture: searched for, and then looked at where the person was found, if anywhere.

    Args:
        estimator: finds the pose in a square.
        frame_bgr: uint8 [height, width, 3], as OpenCV reads pictures.

    Raises:
        DataError: if the picture is of another shape or dtype.
    """
    pose = estimator(frame_bgr)
    height, width = frame_bgr.shape[:2]
    squares = SquareTracker()
    keypoints, timings = squares.update(pose.keypoints, width, height), pose.timings
    for look in range(1, SEARCH_LOOKS + 1):
        if look == SEARCH_LOOKS and not squares.following:
            break
        pose = estimator(frame_bgr, squares.square(width, height))
        keypoints, timings = squares.update(pose.keypoints, width, height), _sum_of(timings, pose.timings)
    return replace(pose, keypoints=keypoints, timings=timings)


def _sum_of(first: Timings, second: Timings) -> Timings:
    return Timings(
        first.preprocess_ms + second.preprocess_ms,
        first.network_ms + second.network_ms,
        first.decode_ms + second.decode_ms,
    )
