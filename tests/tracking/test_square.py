"""Where tracking looks next: cases that one can follow by hand, and what holds of any person."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.geometry import Square, letterbox_square
from movenet.tracking import SEARCH_LOOKS, SquareTracker, next_square, search_squares

WIDTH_PX, HEIGHT_PX = 640, 480
WHOLE = letterbox_square(WIDTH_PX, HEIGHT_PX)
Point = tuple[float, float, float]
SEEDS = st.integers(0, 2**32 - 1)


def array_of(*points: Point) -> np.ndarray:
    return np.array(points, np.float32).reshape(-1, 3)


def square_of(*points: Point) -> Square | None:
    return next_square(array_of(*points), WIDTH_PX, HEIGHT_PX)


def side_of(*points: Point) -> float:
    square = square_of(*points)
    assert square is not None
    return square.side_px


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
    assert square_of(*person(0.9)) == Square(320, 240, pytest.approx(1.4 * 200))


def test_a_point_that_may_be_theirs_widens_it_and_an_unlikely_one_does_not() -> None:
    assert side_of(*person(0.9, (320, 440, 0.1))) == pytest.approx(1.4 * 300)
    assert side_of(*person(0.9, (320, 440, 0.09))) == pytest.approx(1.4 * 200)


def test_a_quarter_of_the_points_is_enough_if_they_are_sure() -> None:
    assert square_of(*person(0.24)) is None
    assert square_of(*person(0.25)) is not None
    assert square_of(*person(0.9, *[(0, 0, 0)] * 6)) is not None
    assert square_of(*person(0.9, *[(0, 0, 0)] * 7)) is None


@pytest.mark.parametrize(
    ("left", "right", "followed"),
    [(100, 146, True), (100, 145, False), (-100, 100, True), (-101, 100, False)],
    ids=["small", "too small", "at the border", "outside"],
)
def test_who_is_too_small_or_outside_is_not_followed(left: float, right: float, followed: bool) -> None:
    assert (square_of((left, 240, 1), (right, 240, 1)) is not None) == followed


def test_who_is_as_large_as_the_frame_is_followed_in_the_whole_of_it() -> None:
    assert side_of((100, 240, 1), (557, 240, 1)) == pytest.approx(1.4 * 457)
    assert square_of((100, 240, 1), (558, 240, 1)) == WHOLE


@given(SEEDS, st.sampled_from([2, 4]))
def test_it_grows_with_frame_and_person(seed: int, factor: int) -> None:
    points = any_points(seed)
    square = next_square(points, WIDTH_PX, HEIGHT_PX)
    enlarged = points * np.array([factor, factor, 1], np.float32)
    larger = next_square(enlarged, factor * WIDTH_PX, factor * HEIGHT_PX)
    if square is None:
        assert larger is None
    else:
        side_px = pytest.approx(factor * square.side_px)
        assert larger == Square(factor * square.center_x_px, factor * square.center_y_px, side_px)


@given(SEEDS)
def test_every_likely_point_lies_well_inside_unless_it_is_the_whole_frame(seed: int) -> None:
    points = any_points(seed)
    square = next_square(points, WIDTH_PX, HEIGHT_PX)
    if square is None:
        return
    assert 0.1 * WHOLE.side_px <= square.side_px <= WHOLE.side_px
    if square != WHOLE:
        inside = square.to_unit(points[points[:, 2] >= 0.1, :2])
        assert inside.min() >= 0.14
        assert inside.max() <= 0.86


def test_a_search_looks_at_the_whole_frame_and_at_half_sized_squares_along_its_long_side() -> None:
    assert search_squares(640, 480) == (WHOLE, *(Square(x, 240, 320) for x in (320, 160, 480)))
    assert search_squares(300, 400) == (letterbox_square(300, 400), *(Square(150, y, 200) for y in (200, 100, 300)))


def test_the_best_look_of_a_search_is_followed_until_nobody_is_there() -> None:
    tracker = SquareTracker()
    best = array_of(*person(0.7))
    first = best + np.array([5, 5, -0.2], np.float32)
    for look, square in enumerate(search_squares(WIDTH_PX, HEIGHT_PX)):
        assert not tracker.following
        assert tracker.square(WIDTH_PX, HEIGHT_PX) == square
        found = first if look == 0 else best if look == 2 else array_of(*person(0.3))
        known = tracker.update(found, WIDTH_PX, HEIGHT_PX)
        assert (known == (first if look < 2 else best)).all()
    assert (known == best).all()
    assert tracker.following
    assert tracker.square(WIDTH_PX, HEIGHT_PX) == next_square(best, WIDTH_PX, HEIGHT_PX)
    gone = array_of(*person(0.2))
    assert (tracker.update(gone, WIDTH_PX, HEIGHT_PX) == gone).all()
    assert not tracker.following
    assert tracker.square(WIDTH_PX, HEIGHT_PX) == WHOLE


@pytest.mark.parametrize(("score", "followed"), [(0.99, False), (1.0, True)])
def test_a_part_of_a_quarter_of_the_size_must_be_twice_as_sure(score: float, followed: bool) -> None:
    tracker = SquareTracker()
    # The box is 200 pixels high, the part of it 50.
    whole, part = array_of(*person(0.499)), array_of((300, 215, score), (340, 265, score))
    for look in range(SEARCH_LOOKS):
        known = tracker.update(part if look == 1 else whole, WIDTH_PX, HEIGHT_PX)
    assert (known == (part if followed else whole)).all()


def test_after_a_search_that_has_found_nobody_comes_another_which_knows_nothing_of_it() -> None:
    tracker = SquareTracker()
    for look in range(2 * SEARCH_LOOKS):
        found = array_of(*person(0.2 if look < SEARCH_LOOKS else 0.1))
        assert (tracker.update(found, WIDTH_PX, HEIGHT_PX) == found).all()
        assert not tracker.following
        expected = search_squares(WIDTH_PX, HEIGHT_PX)[(look + 1) % SEARCH_LOOKS]
        assert tracker.square(WIDTH_PX, HEIGHT_PX) == expected
