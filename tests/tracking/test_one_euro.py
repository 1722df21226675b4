"""The One-Euro filter: the article's algorithm by hand, and what a smoothed sequence keeps."""

from __future__ import annotations

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.tracking import OneEuroSettings, PoseSmoother

SECONDS = 1 / 30
SEEDS = st.integers(0, 2**32 - 1)


def points_at(x: float, y: float, score: float = 0.5) -> np.ndarray:
    return np.array([[x, y, score]], np.float32)


def alpha(cutoff_hz: float) -> float:
    """The article's weight of a new value."""
    tau = 1 / (2 * math.pi * cutoff_hz)
    return 1 / (1 + tau / SECONDS)


def test_a_jump_is_followed_by_the_filters_own_weight() -> None:
    smoother = PoseSmoother(OneEuroSettings(min_cutoff_hz=2.5, beta=0.5, speed_cutoff_hz=1.5))
    for frame in range(3):
        resting = smoother(points_at(25, 40), 100, 200, frame * SECONDS)
        np.testing.assert_allclose(resting, points_at(25, 40), rtol=1e-6)
    jumped = smoother(points_at(35, 20), 100, 200, 3 * SECONDS)
    speed = alpha(1.5) * 0.1 / SECONDS
    expected = 0.25 + 0.1 * alpha(2.5 + 0.5 * speed)
    np.testing.assert_allclose(jumped, points_at(100 * expected, 200 * (0.2 - expected + 0.25)), rtol=1e-6)
    again = smoother(points_at(35, 20), 100, 200, 4 * SECONDS)
    slower = alpha(2.5 + 0.5 * (1 - alpha(1.5)) * speed)
    assert again[0, 0] == pytest.approx(100 * (slower * 0.35 + (1 - slower) * expected), rel=1e-6)


@given(SEEDS, st.floats(1e-3, 0.5))
def test_smoothed_points_lie_between_the_last_and_the_new_ones_and_scores_stay(seed: int, seconds: float) -> None:
    random = np.random.default_rng(seed)
    smoother, last = PoseSmoother(), None
    for frame in range(6):
        points = random.uniform(0, (320, 240, 1), (5, 3)).astype(np.float32)
        smooth = smoother(points, 320, 240, frame * seconds)
        assert (smooth[:, 2] == points[:, 2]).all()
        before = points if last is None else last
        assert (smooth[:, :2] >= np.minimum(before, points)[:, :2] - 1e-3).all()
        assert (smooth[:, :2] <= np.maximum(before, points)[:, :2] + 1e-3).all()
        last = smooth


def test_a_trembling_point_trembles_less_and_a_moving_one_is_not_left_behind() -> None:
    random = np.random.default_rng(1)
    tremble = random.normal(0, 0.2, (60, 1, 2))
    still, moving = PoseSmoother(), PoseSmoother()
    path = np.linspace(0, 500, 60)
    found_still, found_moving = [], []
    for frame in range(60):
        point = np.concatenate([200 + tremble[frame], [[0.5]]], axis=1).astype(np.float32)
        found_still.append(still(point, 640, 640, frame * SECONDS)[0, 0])
        found_moving.append(moving(points_at(path[frame], 0), 640, 640, frame * SECONDS)[0, 0])
    assert np.std(found_still[10:]) < 0.7 * np.std(tremble[10:, 0, 0])
    assert np.abs(np.array(found_moving) - path).max() < 2


@pytest.mark.parametrize("timestamp_s", [7.0, 6.0, float("nan")])
def test_a_frame_that_is_not_later_is_left_alone(timestamp_s: float) -> None:
    smoother = PoseSmoother()
    smoother(points_at(10, 20), 100, 100, 7.0)
    assert (smoother(points_at(90, 80), 100, 100, timestamp_s) == points_at(90, 80)).all()
    later = smoother(points_at(90, 80), 100, 100, 7.1)
    assert 10 < later[0, 0] < 90


def test_the_given_points_are_not_changed() -> None:
    smoother = PoseSmoother()
    for frame in range(2):
        points = points_at(10 + 50 * frame, 20)
        kept = points.copy()
        smoother(points, 100, 100, frame * SECONDS)
        assert (points == kept).all()
