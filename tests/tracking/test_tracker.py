"""`PoseTracker` and `find_in_picture`: which squares are looked at, and what comes back."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from movenet.errors import DataError
from movenet.estimator import Pose, PoseEstimator, Timings
from movenet.geometry import Square, letterbox_square
from movenet.skeleton import COCO17
from movenet.tracking import SEARCH_LOOKS, PoseTracker, find_in_picture, next_square, search_squares

FRAME = np.zeros((480, 640, 3), np.uint8)
WHOLE = letterbox_square(640, 480)
SEARCH = list(search_squares(640, 480))
SECONDS = 1 / 30


class Script:
    """An estimator that answers poses given beforehand, and keeps the squares that it was to look at."""

    def __init__(self, *poses: np.ndarray) -> None:
        self.squares: list[Square] = []
        self._poses = iter(poses)

    def __call__(self, frame_bgr: np.ndarray, square: Square | None = None) -> Pose:
        self.squares.append(WHOLE if square is None else square)
        return Pose(next(self._poses), COCO17, Timings(1.0, 20.0, 300.0))


def standing(x: float, score: float = 0.9) -> np.ndarray:
    """All points in one column, 100 pixels high."""
    return np.column_stack([np.full(17, x), np.linspace(190, 290, 17), np.full(17, score)]).astype(np.float32)


GONE = standing(320, score=0.1)


def searched(x: float) -> list[np.ndarray]:
    """What the looks of a search find: somebody in the first one, hardly anybody in the others."""
    return [standing(x), *[standing(x + 50, score=0.05)] * (SEARCH_LOOKS - 1)]


def test_a_search_comes_first_the_square_follows_the_person_and_a_search_when_they_are_gone() -> None:
    script = Script(*searched(100), standing(120), GONE, standing(500), GONE)
    tracker = PoseTracker(script, smoothing=False)  # type: ignore[arg-type]
    poses = [tracker(FRAME, frame * SECONDS) for frame in range(SEARCH_LOOKS + 4)]
    first, second = (next_square(standing(x), 640, 480) for x in (100, 120))
    assert script.squares == [*SEARCH, first, second, *SEARCH[:2]]
    for pose in poses[:SEARCH_LOOKS]:
        assert (pose.keypoints == standing(100)).all()
    # In the second search, too, what the first look has found stands until a surer one comes.
    assert (poses[-1].keypoints == standing(500)).all()


def test_without_tracking_every_frame_is_looked_at_whole() -> None:
    script = Script(standing(100), standing(120))
    tracker = PoseTracker(script, tracking=False, smoothing=False)  # type: ignore[arg-type]
    poses = [tracker(FRAME, frame * SECONDS) for frame in range(2)]
    assert script.squares == [WHOLE, WHOLE]
    assert (poses[1].keypoints == standing(120)).all()


def test_smoothing_holds_points_back_and_the_square_with_them() -> None:
    script = Script(*searched(99), standing(100), standing(101), standing(101))
    tracker = PoseTracker(script)  # type: ignore[arg-type]
    poses = [tracker(FRAME, frame * SECONDS) for frame in range(SEARCH_LOOKS + 3)]
    assert (poses[-3].keypoints == standing(100)).all()
    assert 100 < poses[-2].keypoints[0, 0] < 101
    assert script.squares[-1] == next_square(poses[-2].keypoints, 640, 480)


def test_without_tracking_smoothing_begins_at_once() -> None:
    tracker = PoseTracker(Script(standing(100), standing(101)), tracking=False)  # type: ignore[arg-type]
    tracker(FRAME, 0)
    assert 100 < tracker(FRAME, SECONDS).keypoints[0, 0] < 101


def test_a_frame_of_another_size_and_a_reset_begin_another_sequence() -> None:
    script = Script(*searched(100), *(standing(x, score=0.5) for x in (300, 310, 320)))
    tracker = PoseTracker(script)  # type: ignore[arg-type]
    for frame in range(SEARCH_LOOKS):
        tracker(FRAME, frame * SECONDS)
    pose = tracker(FRAME[:, :400], 1)
    assert (pose.keypoints == standing(300, score=0.5)).all()
    tracker.reset()
    pose = tracker(FRAME[:, :400], 2)
    assert (pose.keypoints == standing(310, score=0.5)).all()
    assert script.squares == [*SEARCH, WHOLE, WHOLE]


def test_a_picture_is_searched_and_looked_at_where_the_person_is() -> None:
    script = Script(*searched(100), standing(104))
    pose = find_in_picture(script, FRAME)  # type: ignore[arg-type]
    assert script.squares == [*SEARCH, next_square(standing(100), 640, 480)]
    assert (pose.keypoints == standing(104)).all()
    looks = SEARCH_LOOKS + 1
    assert pose.timings == Timings(looks * 1.0, looks * 20.0, looks * 300.0)


def test_a_picture_in_which_nobody_is_found_is_only_searched() -> None:
    script = Script(GONE, *[standing(100, score=0.01)] * (SEARCH_LOOKS - 1))
    assert (find_in_picture(script, FRAME).keypoints == GONE).all()  # type: ignore[arg-type]
    assert script.squares == SEARCH


def test_a_real_model_in_a_sequence(tiny_model: Path, frame: np.ndarray) -> None:
    estimator = PoseEstimator(tiny_model)
    tracker = PoseTracker(estimator)
    first = tracker(frame, 0)
    assert (first.keypoints == estimator(frame).keypoints).all()
    assert np.isfinite(tracker(frame, SECONDS).keypoints).all()
    with pytest.raises(DataError, match="NoneType"):
        tracker(None, 2 * SECONDS)  # type: ignore[arg-type]
