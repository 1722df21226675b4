"""The OKS figures are COCO's: checked against the formula, worked out by hand."""

from __future__ import annotations

import numpy as np
import pytest

from movenet.metrics.oks import GroundTruth, oks_ap_per_keypoint, oks_figures
from movenet.skeleton import COCO17, Skeleton

from .persons import random_points_px, with_scores
from .skeletons import HORSE

OKS_THRESHOLDS = np.arange(50, 100, 5) / 100
RECALL_LEVELS = 101


def truth_of(points_px: np.ndarray, image_ids: list[int], area_px: float = 5000.0) -> GroundTruth:
    """Fully labelled persons."""
    labelled = np.ones(points_px.shape[:2], bool)
    return GroundTruth(np.array(image_ids), points_px.astype(np.float64), labelled, np.full(len(image_ids), area_px))


def people(count: int, skeleton: Skeleton = COCO17) -> np.ndarray:
    """float64 [count, K, 2]."""
    return np.array([random_points_px(skeleton, seed) for seed in range(count)], np.float64)


def oks_by_hand(predicted_px: np.ndarray, points_px: np.ndarray, area_px: float, skeleton: Skeleton) -> float:
    squared_px = ((predicted_px - points_px) ** 2).sum(axis=1)
    return float(np.exp(-squared_px / (2 * area_px * (2 * np.array(skeleton.sigmas)) ** 2)).mean())


@pytest.mark.parametrize("skeleton", [COCO17, HORSE], ids=["coco", "horse"])
@pytest.mark.parametrize("shift_px", [1.0, 4.0, 7.0, 12.0, 40.0])
def test_one_persons_ap_and_ar_are_the_share_of_thresholds_that_its_oks_reaches(
    skeleton: Skeleton, shift_px: float
) -> None:
    points_px = people(1, skeleton)
    predicted_px = points_px + np.array([shift_px, 0])
    oks = oks_by_hand(predicted_px[0], points_px[0], 5000.0, skeleton)
    figures = oks_figures(with_scores(predicted_px), truth_of(points_px, [1]), skeleton)
    assert figures.ap == pytest.approx(100 * (oks >= OKS_THRESHOLDS).mean())
    assert figures.ar == pytest.approx(figures.ap)
    assert figures.ap50 == pytest.approx(100 * (oks >= 0.50))
    assert figures.ap75 == pytest.approx(100 * (oks >= 0.75))


def test_a_larger_area_forgives_more() -> None:
    points_px = people(1)
    predictions = with_scores(points_px + 8)
    small, large = (oks_figures(predictions, truth_of(points_px, [1], area), COCO17).ap for area in (1000.0, 90000.0))
    assert small is not None
    assert large is not None
    assert small < large


def test_a_surer_miss_halves_the_precision_of_the_hit_behind_it() -> None:
    points_px = people(2)
    predictions = np.concatenate([with_scores(points_px[:1] + 1000, 0.9), with_scores(points_px[1:], 0.3)])
    figures = oks_figures(predictions, truth_of(points_px, [1, 2]), COCO17)
    # Recall ends at one half: 51 of the 101 recall levels are reached, at a precision of one half.
    assert figures.ap == pytest.approx(100 * 0.5 * 51 / RECALL_LEVELS)
    assert figures.ar == pytest.approx(50.0)


def test_a_less_sure_miss_costs_recall_only() -> None:
    points_px = people(2)
    predictions = np.concatenate([with_scores(points_px[:1] + 1000, 0.3), with_scores(points_px[1:], 0.9)])
    assert oks_figures(predictions, truth_of(points_px, [1, 2]), COCO17).ap == pytest.approx(100 * 51 / RECALL_LEVELS)


def test_in_one_picture_a_person_is_found_once() -> None:
    points_px = people(2)
    twice_the_first = with_scores(np.repeat(points_px[:1], 2, axis=0))
    assert oks_figures(twice_the_first, truth_of(points_px, [7, 7]), COCO17).ar == pytest.approx(50.0)


def test_detections_of_one_picture_may_come_in_any_order() -> None:
    points_px = people(2)
    swapped = with_scores(points_px[::-1])
    assert oks_figures(swapped, truth_of(points_px, [7, 7]), COCO17).ap == pytest.approx(100.0)
    assert oks_figures(swapped, truth_of(points_px, [7, 8]), COCO17).ap == pytest.approx(0.0)


def test_a_crowd_larger_than_cocos_twenty_detections_can_be_found_entirely() -> None:
    points_px = people(30)
    figures = oks_figures(with_scores(points_px), truth_of(points_px, [1] * 30), COCO17)
    assert (figures.ap, figures.ar) == (pytest.approx(100.0), pytest.approx(100.0))


def test_persons_without_a_labelled_point_are_left_out_with_their_detections() -> None:
    points_px = people(2)
    truth = truth_of(points_px, [1, 1])
    truth.labelled[1] = False
    predictions = np.concatenate([with_scores(points_px[:1], 0.1), with_scores(points_px[1:] + 1000, 0.9)])
    assert oks_figures(predictions, truth, COCO17).ap == pytest.approx(100.0)


def test_no_labelled_point_is_no_figure() -> None:
    truth = truth_of(people(1), [1])
    truth.labelled[:] = False
    figures = oks_figures(with_scores(people(1)), truth, COCO17)
    assert (figures.ap, figures.ap50, figures.ap75, figures.ar) == (None,) * 4


def test_each_keypoint_is_judged_alone() -> None:
    points_px = people(3, HORSE)
    predictions = with_scores(points_px)
    predictions[:, HORSE.index("croup"), :2] += 500
    truth = truth_of(points_px, [1, 2, 3])
    truth.labelled[:, HORSE.index("muzzle")] = False
    aps = oks_ap_per_keypoint(predictions, truth, HORSE)
    assert aps == (None, *(pytest.approx(ap) for ap in (100.0, 0.0, 100.0, 100.0)))


def test_pycocotools_prints_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    oks_figures(with_scores(people(2)), truth_of(people(2), [1, 2]), COCO17)
    assert capfd.readouterr().out == ""
