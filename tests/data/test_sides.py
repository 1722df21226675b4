"""Labels whose left and right a confident teacher exchanges are exchanged, and no others."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from movenet.data.labels import LabelRules, training_points
from movenet.data.records import PersonRecord
from movenet.data.sets import SetConfig, training_entries
from movenet.data.sides import crossed_pairs, with_sides_mended
from movenet.skeleton import COCO17

RULES = LabelRules(absent_means_hidden=False, use_teacher=True, veto_share=0.1, mend_share=0.1)
WRISTS = COCO17.index("left_wrist"), COCO17.index("right_wrist")
EXCHANGED = COCO17.mirror_permutation


def person(labels: np.ndarray, unsure: tuple[str, ...] = ()) -> PersonRecord:
    """With those labels; the teacher sees `body()`, and is unsure of some keypoints."""
    scores = np.full(17, 0.9, np.float32)
    scores[[COCO17.index(name) for name in unsure]] = 0.1
    return PersonRecord(
        annotation_id=1,
        box_px=(0.0, 0.0, 80.0, 160.0),
        area_px=6000.0,
        points_px=labels,
        visibility=np.full(17, 2, np.int8),
        teacher_points_px=body(),
        teacher_scores=scores,
        teacher_disagreement=np.full(17, 0.01, np.float32),
    )


def body() -> np.ndarray:
    """float32 [17, 2]: left at x = 10, right at x = 70; the nose between them."""
    x = [40.0 if name == "nose" else 10.0 if name.startswith("left") else 70.0 for name in COCO17.names]
    return np.column_stack([x, np.arange(17) * 9.0]).astype(np.float32)


def test_right_labels_stay_as_they_are() -> None:
    right = person(body())
    assert with_sides_mended(right, COCO17, RULES) is right


def test_one_crossed_pair_is_exchanged_with_its_visibility() -> None:
    labels = body()
    labels[[*WRISTS]] = labels[[*WRISTS[::-1]]]
    crossed = person(labels)
    crossed = replace(crossed, visibility=np.where(np.arange(17) == WRISTS[0], 1, 2).astype(np.int8))
    assert crossed_pairs(crossed, COCO17, RULES, 0.1) == ([WRISTS], 8)
    mended = with_sides_mended(crossed, COCO17, RULES)
    np.testing.assert_array_equal(mended.points_px, body())
    assert mended.visibility[[*WRISTS]].tolist() == [2, 1]
    np.testing.assert_array_equal(crossed.points_px, labels)


def test_where_all_that_can_be_told_is_crossed_the_rest_is_exchanged_too() -> None:
    unsure = ("left_ankle", "right_knee", "left_ear")
    mended = with_sides_mended(person(body()[EXCHANGED], unsure), COCO17, RULES)
    np.testing.assert_array_equal(mended.points_px, body())


def test_two_crossed_pairs_say_nothing_of_those_that_cannot_be_told() -> None:
    sure = ("left_wrist", "right_wrist", "left_knee", "right_knee")
    unsure = tuple(name for name in COCO17.names if name not in sure)
    wrong = person(body()[EXCHANGED], unsure)
    mended = with_sides_mended(wrong, COCO17, RULES)
    changed = (mended.points_px != wrong.points_px).any(axis=1)
    assert {name for name, moved in zip(COCO17.names, changed, strict=True) if moved} == set(sure)


def test_sides_too_near_to_tell_stay() -> None:
    narrow = person(body()[EXCHANGED])
    # A tenth of the teacher's square of 200 px is 20: the two distances of a pair differ by less.
    points = narrow.points_px.copy()
    points[:, 0] = 40 + (points[:, 0] - 40) * 0.05
    teacher = body()
    teacher[:, 0] = 40 + (teacher[:, 0] - 40) * 0.05
    narrow = replace(narrow, points_px=points, teacher_points_px=teacher)
    assert with_sides_mended(narrow, COCO17, RULES) is narrow


@pytest.mark.parametrize("without", ["teacher_points_px", "teacher_scores", "teacher_disagreement"])
def test_without_a_teacher_nothing_is_told(without: str) -> None:
    wrong = replace(person(body()[EXCHANGED]), **{without: None})
    assert with_sides_mended(wrong, COCO17, RULES) is wrong


def test_mended_labels_are_learnt_where_they_were_vetoed(data_root: Path) -> None:
    def points_learnt(mend_share: float) -> tuple[int, int]:
        rules = replace(RULES, use_teacher=False, mend_share=mend_share)
        source = SetConfig("lspet/train.json", "lspet/images", labels=rules)
        entries, _ = training_entries([source], data_root, COCO17)
        learnt = sum(int(training_points(e.picture.persons[e.person], e.rules).labelled.sum()) for e in entries)
        crossed = sum(bool(crossed_pairs(e.picture.persons[e.person], COCO17, rules, 0.1)[0]) for e in entries)
        return learnt, crossed

    (before, num_crossed), (after, num_left) = points_learnt(0.0), points_learnt(0.1)
    assert num_crossed > 100
    assert num_left == 0
    assert after > before + num_crossed
