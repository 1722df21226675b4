"""PCK counts labelled points that are nearer than the limit."""

from __future__ import annotations

import numpy as np
import pytest

from movenet.metrics.pck import article_limits_px, pck, torso_limits_px
from movenet.skeleton import COCO17

from .skeletons import HORSE

ALL_LABELLED = np.ones((1, 4), bool)
POINTS_PX = np.array([[[10.0, 10.0], [50.0, 20.0], [30.0, 90.0], [70.0, 60.0]]])


def shifted(distances_px: list[float]) -> np.ndarray:
    """The four points, each moved to the right by its own distance."""
    return POINTS_PX + np.dstack([[distances_px], np.zeros((1, 4))])


def test_points_nearer_than_the_limit_are_hits() -> None:
    result = pck(shifted([0, 2.9, 3.1, 50]), POINTS_PX, ALL_LABELLED, np.array([3.0]))
    assert result.overall == 50.0
    assert result.per_keypoint == (100.0, 100.0, 0.0, 0.0)


def test_a_distance_that_equals_the_limit_is_a_miss() -> None:
    assert pck(shifted([3, 3, 3, 3]), POINTS_PX, ALL_LABELLED, np.array([3.0])).overall == 0.0


def test_the_distance_is_euclidean() -> None:
    predicted_px = POINTS_PX + np.array([3.0, 4.0])
    assert pck(predicted_px, POINTS_PX, ALL_LABELLED, np.array([5.01])).overall == 100.0
    assert pck(predicted_px, POINTS_PX, ALL_LABELLED, np.array([4.99])).overall == 0.0


def test_unlabelled_points_are_not_counted() -> None:
    labelled = np.array([[True, True, True, False]])
    result = pck(shifted([0, 0, 9, 9]), POINTS_PX, labelled, np.array([3.0]))
    assert result.overall == pytest.approx(200 / 3)
    assert result.per_keypoint == (100.0, 100.0, 0.0, None)


def test_a_person_without_a_limit_is_left_out() -> None:
    both_px, labelled = np.concatenate([POINTS_PX, POINTS_PX]), np.ones((2, 4), bool)
    predicted_px = np.concatenate([POINTS_PX, POINTS_PX + 40])
    assert pck(predicted_px, both_px, labelled, np.array([3.0, np.nan])).overall == 100.0


def test_nothing_counted_is_no_figure() -> None:
    result = pck(POINTS_PX, POINTS_PX, ~ALL_LABELLED, np.array([3.0]))
    assert result.overall is None
    assert result.per_keypoint == (None,) * 4


def test_the_articles_limit_is_five_pixels_of_a_192_pixel_input() -> None:
    np.testing.assert_allclose(article_limits_px(np.array([192.0, 384.0, 96.0])), [5.0, 10.0, 2.5])


def test_the_torso_limit_is_a_fifth_of_its_diagonal() -> None:
    points_px = np.zeros((1, COCO17.num_keypoints, 2))
    points_px[0, COCO17.index("right_hip")] = 30, 40
    labelled = np.ones((1, COCO17.num_keypoints), bool)
    np.testing.assert_allclose(torso_limits_px(points_px, labelled, COCO17), [10.0])


@pytest.mark.parametrize("name", ["left_shoulder", "right_hip"])
def test_a_torso_with_an_unlabelled_end_gives_no_limit(name: str) -> None:
    points_px = np.arange(2.0 * COCO17.num_keypoints).reshape(1, -1, 2)
    labelled = np.ones((1, COCO17.num_keypoints), bool)
    labelled[0, COCO17.index(name)] = False
    assert np.isnan(torso_limits_px(points_px, labelled, COCO17)).all()


def test_a_torso_without_length_gives_no_limit() -> None:
    labelled = np.ones((1, COCO17.num_keypoints), bool)
    assert np.isnan(torso_limits_px(np.zeros((1, COCO17.num_keypoints, 2)), labelled, COCO17)).all()


def test_a_skeleton_without_torso_gives_no_limit() -> None:
    labelled = np.ones((2, HORSE.num_keypoints), bool)
    assert np.isnan(torso_limits_px(np.ones((2, HORSE.num_keypoints, 2)), labelled, HORSE)).all()
