"""Errors of known kinds are called by their names, and mending them gives the AP back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.metrics.diagnosis import ERRORS, RIGHT, RIGHT_SIMILARITY, UNLABELLED, classify, diagnose
from movenet.metrics.oks import NEAR_SIMILARITY, GroundTruth
from movenet.skeleton import COCO17

from .persons import with_scores

LEFT, RIGHT_SIDE, NOSE = (COCO17.index(name) for name in ("left_wrist", "right_wrist", "nose"))
AREA_PX = 10_000.0


def two_persons_in_one_picture() -> GroundTruth:
    """All their keypoints 60 pixels and more apart."""
    keypoints = COCO17.num_keypoints
    x, y = np.meshgrid(np.arange(keypoints) * 60.0, [0.0, 500.0])
    labelled = np.ones((2, keypoints), bool)
    return GroundTruth(np.zeros(2, np.int64), np.dstack([x, y]), labelled, np.full(2, AREA_PX))


def away_px(similarity: float, keypoint: int) -> float:
    """The distance at which a keypoint has this similarity."""
    return float(np.sqrt(-np.log(similarity) * 2 * AREA_PX) * 2 * COCO17.sigmas[keypoint])


@pytest.mark.parametrize(
    ("similarity", "kind"),
    [(RIGHT_SIMILARITY + 0.01, RIGHT), (RIGHT_SIMILARITY - 0.01, "jitter"), (NEAR_SIMILARITY + 0.01, "jitter")],
)
def test_near_points(similarity: float, kind: str) -> None:
    truth = two_persons_in_one_picture()
    places = truth.points_px.copy()
    places[0, LEFT, 1] += away_px(similarity, LEFT)
    kinds = classify(places, truth, COCO17)
    assert kinds[0, LEFT] == kind
    assert np.count_nonzero(kinds == RIGHT) == kinds.size - (kind != RIGHT)


def test_far_points() -> None:
    truth = two_persons_in_one_picture()
    places = truth.points_px.copy()
    places[0, LEFT] = truth.points_px[0, RIGHT_SIDE]
    places[0, NOSE] = truth.points_px[1, NOSE]
    places[1, LEFT] = truth.points_px[0, RIGHT_SIDE]
    places[1, RIGHT_SIDE] += away_px(NEAR_SIMILARITY - 0.01, RIGHT_SIDE)
    places[1, NOSE] = np.inf
    kinds = classify(places, truth, COCO17)
    assert [kinds[0, LEFT], kinds[0, RIGHT_SIDE], kinds[0, NOSE]] == ["inversion", RIGHT, "swap"]
    assert [kinds[1, LEFT], kinds[1, RIGHT_SIDE], kinds[1, NOSE]] == ["swap", "miss", "miss"]


def test_persons_of_other_pictures_and_unlabelled_points_are_nobodys() -> None:
    truth = two_persons_in_one_picture()
    truth.labelled[0, RIGHT_SIDE] = False
    apart = GroundTruth(np.arange(2), truth.points_px, truth.labelled, truth.areas_px)
    places = truth.points_px.copy()
    places[0, LEFT] = truth.points_px[0, RIGHT_SIDE]
    places[1, NOSE] = truth.points_px[0, NOSE]
    kinds = classify(places, apart, COCO17)
    assert [kinds[0, LEFT], kinds[0, RIGHT_SIDE], kinds[1, NOSE]] == ["miss", UNLABELLED, "miss"]


@given(seed=st.integers(0, 2**32 - 1), error_px=st.floats(1, 200))
def test_every_labelled_point_is_of_one_kind_and_the_shares_add_up(seed: int, error_px: float) -> None:
    random = np.random.default_rng(seed)
    truth = two_persons_in_one_picture()
    truth.labelled[:] = random.random(truth.labelled.shape) < 0.8
    truth.labelled[:, NOSE] = True
    places = truth.points_px + random.normal(0, error_px, truth.points_px.shape)
    kinds = classify(places, truth, COCO17)
    assert ((kinds == UNLABELLED) == ~truth.labelled).all()
    figures = diagnose(with_scores(places), truth, COCO17)
    assert list(figures) == list(ERRORS)
    shares = sum(figure.share or 0.0 for figure in figures.values())
    assert shares == pytest.approx(100 * np.mean(kinds[truth.labelled] != RIGHT))


def test_without_the_only_error_the_ap_is_whole() -> None:
    truth = two_persons_in_one_picture()
    places = truth.points_px.copy()
    places[:, LEFT] = truth.points_px[:, RIGHT_SIDE]
    figures = diagnose(with_scores(places), truth, COCO17)
    assert figures["inversion"].ap_without == pytest.approx(100.0)
    assert figures["inversion"].share == pytest.approx(100 / COCO17.num_keypoints)
    assert {figures[error].share for error in ERRORS if error != "inversion"} == {0.0}
    assert all((figures[error].ap_without or 0) < 100 for error in ERRORS if error != "inversion")


def test_nothing_labelled_gives_no_figures() -> None:
    truth = two_persons_in_one_picture()
    truth.labelled[:] = False
    assert all(f.share is f.ap_without is None for f in diagnose(with_scores(truth.points_px), truth, COCO17).values())
