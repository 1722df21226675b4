"""Where tracking looks next: cases that one can follow by hand, and what holds of any person."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.geometry import Square, letterbox_square
from movenet.tracking import next_square

WIDTH_PX, HEIGHT_PX = 640, 480
WHOLE = letterbox_square(WIDTH_PX, HEIGHT_PX)
Point = tuple[float, float, float]
SEEDS = st.integers(0, 2**32 - 1)


def square_of(*points: Point) -> Square:
    return next_square(np.array(points, np.float32).reshape(-1, 3), WIDTH_PX, HEIGHT_PX)


def person(score: float, *further: Point) -> list[Point]:
    """The corners of a box of 100 x 200 pixels around (320, 240), and further points."""
    return [(270, 140, score), (370, 340, score), *further]


def any_points(seed: int, keypoints: int = 17) -> np.ndarray:
    """float32 [K, 3]: a cluster somewhere in the frame or beside it, of any scores."""
    random = np.random.default_rng(seed)
    middle, spread = random.uniform(-100, (WIDTH_PX + 100, HEIGHT_PX + 100)), random.uniform(1, 300)
    places = middle + random.uniform(-spread, spread, (keypoints, 2))
    return np.column_stack([places, random.uniform(0, 1, keypoints)]).astype(np.float32)


def test_around_the_points_box_with_a_margin() -> None:
    square = square_of(*person(0.9))
    assert (square.center_x_px, square.center_y_px) == (320, 240)
    assert square.side_px == pytest.approx(1.4 * 200)


def test_a_point_that_may_be_theirs_widens_it_and_an_unlikely_one_does_not() -> None:
    assert square_of(*person(0.9, (320, 440, 0.1))).side_px == pytest.approx(1.4 * 300)
    assert square_of(*person(0.9, (320, 440, 0.09))).side_px == pytest.approx(1.4 * 200)


def test_a_quarter_of_the_points_is_enough_if_they_are_sure() -> None:
    assert square_of(*person(0.24)) == WHOLE
    assert square_of(*person(0.25)) != WHOLE
    assert square_of(*person(0.9, *[(0, 0, 0)] * 6)) != WHOLE
    assert square_of(*person(0.9, *[(0, 0, 0)] * 7)) == WHOLE


@pytest.mark.parametrize(
    ("left", "right", "followed"),
    [(100, 557, True), (100, 558, False), (100, 146, True), (100, 145, False), (-100, 100, True), (-101, 100, False)],
    ids=["large", "too large", "small", "too small", "at the border", "outside"],
)
def test_who_is_too_large_too_small_or_outside_is_not_followed(left: float, right: float, followed: bool) -> None:
    assert (square_of((left, 240, 1), (right, 240, 1)) != WHOLE) == followed


@given(SEEDS, st.sampled_from([2, 4]))
def test_it_grows_with_frame_and_person(seed: int, factor: int) -> None:
    points = any_points(seed)
    square = next_square(points, WIDTH_PX, HEIGHT_PX)
    enlarged = points * np.array([factor, factor, 1], np.float32)
    larger = next_square(enlarged, factor * WIDTH_PX, factor * HEIGHT_PX)
    found = larger.center_x_px, larger.center_y_px, larger.side_px
    assert found == (factor * square.center_x_px, factor * square.center_y_px, pytest.approx(factor * square.side_px))


@given(SEEDS)
def test_every_likely_point_lies_well_inside_unless_it_is_the_whole_frame(seed: int) -> None:
    points = any_points(seed)
    square = next_square(points, WIDTH_PX, HEIGHT_PX)
    assert 0.1 * WHOLE.side_px <= square.side_px <= WHOLE.side_px
    if square != WHOLE:
        inside = square.to_unit(points[points[:, 2] >= 0.1, :2])
        assert inside.min() >= 0.14
        assert inside.max() <= 0.86
