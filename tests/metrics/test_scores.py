"""Points are counted by their scores, and each range says how right its points are."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.metrics.oks import GroundTruth
from movenet.metrics.scores import figures_by_score
from movenet.skeleton import COCO17

AREA_PX = 10_000.0
NAMES = ["0.0 to 0.2", "0.2 to 0.4", "0.4 to 0.6", "0.6 to 0.8", "0.8 to 1.0"]


def persons(count: int) -> GroundTruth:
    points_px = np.random.default_rng(0).uniform(0, 500, (count, COCO17.num_keypoints, 2))
    return GroundTruth(np.arange(count), points_px, np.ones(points_px.shape[:2], bool), np.full(count, AREA_PX))


def answers(truth: GroundTruth, scores: np.ndarray, similarities: np.ndarray) -> np.ndarray:
    """Points as right as `similarities` of 0..1 say, [P, K] likewise as the scores."""
    away_px = np.sqrt(-2 * AREA_PX * np.log(similarities)) * 2 * np.array(COCO17.sigmas)
    return np.dstack([truth.points_px + np.dstack([away_px, np.zeros_like(away_px)]), scores])


@given(seed=st.integers(0, 2**32 - 1))
def test_scores_that_are_the_similarity_have_its_mean_in_every_range(seed: int) -> None:
    truth = persons(6)
    scores = np.random.default_rng(seed).uniform(0.01, 1, truth.labelled.shape)
    found = figures_by_score(answers(truth, scores, scores), truth, COCO17)
    assert list(found) == NAMES
    assert sum(part.share or 0 for part in found.values()) == pytest.approx(100)
    for part in found.values():
        assert part.similarity == (None if part.score is None else pytest.approx(part.score))
    assert [found[NAMES[number]].near for number in (0, 4)] == [0, 100]


def test_a_border_belongs_to_the_range_above_it_and_what_is_out_of_all_to_the_nearest() -> None:
    truth = persons(1)
    scores = np.full((1, COCO17.num_keypoints), 0.5)
    scores[0, :4] = 0.2, 1.0, 1.5, -0.1
    found = figures_by_score(answers(truth, scores, np.ones_like(scores)), truth, COCO17)
    point = 100 / COCO17.num_keypoints
    shares = [found[name].share for name in NAMES]
    assert shares == pytest.approx([point, point, 100 - 4 * point, 0, 2 * point])
    assert found["0.6 to 0.8"].score is None


def test_what_is_not_labelled_does_not_count() -> None:
    truth = persons(2)
    truth.labelled[:, 3:] = False
    scores = np.full(truth.labelled.shape, 0.9)
    scores[:, 3:] = 0.1
    found = figures_by_score(answers(truth, scores, np.full_like(scores, 0.6)), truth, COCO17)
    assert found["0.8 to 1.0"].share == 100
    assert found["0.8 to 1.0"].similarity == pytest.approx(60)
    assert found["0.0 to 0.2"].share == 0
    truth.labelled[:] = False
    assert figures_by_score(answers(truth, scores, np.ones_like(scores)), truth, COCO17)["0.8 to 1.0"].share is None
