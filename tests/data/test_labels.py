"""Which points are learnt: labels first, a confident teacher where they are missing or plainly wrong."""

from __future__ import annotations

import numpy as np

from movenet.data.labels import LabelRules, training_points
from movenet.data.records import PersonRecord


def person(visibility: list[int], teacher_x_px: list[float], scores: list[float]) -> PersonRecord:
    """Labelled at x = 50, y = 50; the teacher's points differ in x. The box's longer side is 100 pixels."""
    count = len(visibility)
    return PersonRecord(
        annotation_id=1,
        box_px=(0.0, 0.0, 100.0, 80.0),
        area_px=8000.0,
        points_px=np.full((count, 2), 50, np.float32),
        visibility=np.array(visibility, np.int8),
        teacher_points_px=np.column_stack([teacher_x_px, [50.0] * count]).astype(np.float32),
        teacher_scores=np.array(scores, np.float32),
        teacher_disagreement=np.full(count, 0.01, np.float32),
    )


def test_without_the_teacher_labels_are_taken_as_they_are() -> None:
    points = training_points(person([2, 0], [90, 90], [0.9, 0.9]), LabelRules())
    assert points.labelled.tolist() == [True, False]
    assert points.trusted_absence.all()


def test_a_confident_teacher_fills_what_is_unlabelled_and_nothing_else() -> None:
    rules = LabelRules(use_teacher=True, absent_means_hidden=False)
    points = training_points(person([2, 0, 0], [90, 70, 70], [0.9, 0.9, 0.1]), rules)
    assert points.labelled.tolist() == [True, True, False]
    assert points.points_px[:2, 0].tolist() == [50, 70]
    assert not points.trusted_absence[2]


def test_a_teacher_that_disagrees_with_itself_is_not_asked() -> None:
    rules = LabelRules(use_teacher=True, teacher_max_disagreement=0.005)
    assert not training_points(person([0], [70], [0.9]), rules).labelled.any()


def test_a_label_far_from_a_confident_teacher_is_neither_learnt_nor_replaced() -> None:
    # A tenth of the teacher's square, 1.25 x the longer side, is 12.5 pixels.
    rules = LabelRules(use_teacher=True, veto_share=0.1)
    points = training_points(person([2, 2, 2], [62, 63, 90], [0.9, 0.9, 0.1]), rules)
    assert points.labelled.tolist() == [True, False, True]
    assert points.trusted_absence.tolist() == [True, False, True]
    assert (points.points_px[:, 0] == 50).all()


def test_the_record_is_not_changed() -> None:
    record = person([0], [70], [0.9])
    training_points(record, LabelRules(use_teacher=True))
    assert record.points_px[0, 0] == 50
