"""Left and right in a person's labels, as a confident teacher network sees it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from movenet.data.labels import TEACHER_CROP_SCALE, LabelRules
from movenet.data.records import PersonRecord, Visibility
from movenet.skeleton import Skeleton

# A teacher that tells fewer pairs may well be the one who is wrong.
MIN_PAIRS = 3


def teacher_crop_px(person: PersonRecord) -> float:
    """Side of the square that the teacher saw."""
    return TEACHER_CROP_SCALE * max(person.box_px[2:])


def teacher_distances(person: PersonRecord, rules: LabelRules) -> np.ndarray | None:
    """[K, K]: from each label to each confident answer, NaN where one of the two is not there; None without teacher."""
    if person.teacher_points_px is None or person.teacher_scores is None or person.teacher_disagreement is None:
        return None
    confident = person.teacher_scores >= rules.teacher_min_score
    confident &= person.teacher_disagreement <= rules.teacher_max_disagreement
    distance = np.linalg.norm(person.points_px[:, None] - person.teacher_points_px[None], axis=2)
    labelled = person.visibility > Visibility.UNLABELLED
    return np.where(labelled[:, None] & confident[None], distance, np.nan)


def crossed_pairs(
    person: PersonRecord, skeleton: Skeleton, rules: LabelRules, far_share: float
) -> tuple[list[tuple[int, int]], int]:
    """The (left, right) pairs that fit a confident teacher only when exchanged, and of how many it can tell.

    Args:
        person: with labels and a teacher's answers.
        skeleton: names the pairs.
        rules: when a teacher is confident.
        far_share: of the teacher's crop, by which a pair fits better or worse to be told.
    """
    distance = teacher_distances(person, rules)
    if distance is None:
        return [], 0
    far_px = far_share * teacher_crop_px(person)
    crossed, told = [], 0
    for left, right in _pairs(skeleton):
        as_labelled = distance[left, left] + distance[right, right]
        exchanged = distance[left, right] + distance[right, left]
        # NaN, where a point is unlabelled or the teacher unsure, compares false; so do points too near to tell apart.
        told += bool(abs(as_labelled - exchanged) > far_px)
        if exchanged < 0.5 * as_labelled and as_labelled - exchanged > far_px:
            crossed.append((left, right))
    return crossed, told


def with_sides_mended(person: PersonRecord, skeleton: Skeleton, rules: LabelRules) -> PersonRecord:
    """The person with all labels of left and right exchanged, if somebody took the one for the other.

    That is so where all pairs are crossed that the teacher can tell, and these are three at least (by
    `rules.mend_share`). Of a single crossed pair it is not known who is wrong, and what the others are.
    """
    pairs, told = crossed_pairs(person, skeleton, rules, rules.mend_share)
    if len(pairs) < told or told < MIN_PAIRS:
        return person
    order = skeleton.mirror_permutation
    return replace(person, points_px=person.points_px[order], visibility=person.visibility[order])


def _pairs(skeleton: Skeleton) -> list[tuple[int, int]]:
    return [(skeleton.index(left), skeleton.index(right)) for left, right in skeleton.mirror_pairs]
