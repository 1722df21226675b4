"""Drawing: on a copy, in the sides' colours, and only what is sure enough."""

from __future__ import annotations

import numpy as np
import pytest

from movenet.estimator import Pose, Timings
from movenet.skeleton import COCO17, Skeleton
from movenet.visualize import Side, draw_pose, draw_timings, keypoint_sides, line_width

TIMINGS = Timings(0.3, 2.4, 0.006)


def pose_of(**points: tuple[float, float]) -> Pose:
    """A pose with the named points sure, and the others at score 0."""
    keypoints = np.zeros((COCO17.num_keypoints, 3), np.float32)
    for name, point in points.items():
        keypoints[COCO17.index(name)] = (*point, 1)
    return Pose(keypoints, COCO17, TIMINGS)


def black(height: int = 200, width: int = 200) -> np.ndarray:
    return np.zeros((height, width, 3), np.uint8)


def has_colour(pixel: np.ndarray, side: Side) -> bool:
    """Up to what anti-aliasing takes from a thin line."""
    return bool(np.allclose(pixel, side.value, atol=30))


def test_each_side_has_its_colour() -> None:
    drawn = draw_pose(black(), pose_of(left_wrist=(50.5, 60.5), right_wrist=(150.5, 60.5), nose=(100.5, 20.5)))
    assert has_colour(drawn[60, 50], Side.LEFT)
    assert has_colour(drawn[60, 150], Side.RIGHT)
    assert has_colour(drawn[20, 100], Side.MIDDLE)


def test_bone_between_two_sides_has_the_middles_colour() -> None:
    drawn = draw_pose(black(), pose_of(left_hip=(50.5, 100.5), right_hip=(150.5, 100.5)))
    assert has_colour(drawn[100, 100], Side.MIDDLE)


def test_bone_needs_both_its_points() -> None:
    drawn = draw_pose(black(), pose_of(left_hip=(50.5, 100.5)))
    assert not drawn[:, 70:].any()


def test_frame_is_not_drawn_on() -> None:
    frame = black()
    pose = pose_of(nose=(100, 100))
    assert draw_pose(frame, pose).any()
    assert draw_timings(frame + 90, TIMINGS).any()
    assert not frame.any()


def test_unsure_points_are_left_out() -> None:
    pose = pose_of(nose=(100, 100))
    pose.keypoints[:, 2] *= 0.5
    assert draw_pose(black(), pose, min_score=0.5).any()
    assert not draw_pose(black(), pose, min_score=0.51).any()


@pytest.mark.parametrize("value", [np.nan, np.inf, -np.inf, 1e30])
def test_impossible_points_are_left_out(value: float) -> None:
    assert not draw_pose(black(), pose_of(nose=(value, 100.0), left_eye=(100.0, value))).any()


def test_bone_to_a_point_outside_is_drawn_up_to_the_border() -> None:
    drawn = draw_pose(black(), pose_of(left_knee=(100.5, 100.5), left_ankle=(100.5, 300.0)))
    assert has_colour(drawn[199, 100], Side.LEFT)


def test_lines_grow_with_the_picture() -> None:
    assert line_width((48, 64)) == 1
    assert line_width((1080, 1920)) > line_width((480, 640)) > 1


@pytest.mark.parametrize("size", [(1, 1), (3, 200), (1080, 1920)])
def test_any_size_of_picture_can_be_drawn_on(size: tuple[int, int]) -> None:
    drawn = draw_timings(draw_pose(black(*size), pose_of(nose=(0.5, 0.5))), TIMINGS)
    assert drawn.shape == (*size, 3)


def test_caption_lies_in_the_corner() -> None:
    changed = draw_timings(np.full((240, 320, 3), 200, np.uint8), TIMINGS) != 200
    assert changed[:20, :20].any()
    assert not changed[60:].any()


def test_sides_come_from_the_mirror_pairs() -> None:
    skeleton = Skeleton(("tail", "wing_a", "wing_b"), (("wing_a", "wing_b"),), (), (0.1, 0.1, 0.1))
    assert keypoint_sides(skeleton) == [Side.MIDDLE, Side.LEFT, Side.RIGHT]
