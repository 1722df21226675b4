"""Which points of a person are to be learnt, and where an absent point means "not in the picture".

Human labels come first; a teacher network's confident answers fill the points that a set does not label, and veto human
labels that it contradicts.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movenet.data.records import PersonRecord, Visibility


@dataclass(frozen=True)
class LabelRules:
    """How far a set's labels and its teacher's answers are trusted.

    Attributes:
        absent_means_hidden: whether a point without a label is known not to be visible (COCO), so that the network is
            to learn an empty heatmap there; if not, nothing is learnt from it. Never so for keypoints that the set
            does not label at all.
        use_teacher: whether the teacher fills points without a label.
        teacher_min_score: the teacher is confident from this score on ...
        teacher_max_disagreement: ... and up to this distance between its answers for the picture and the mirrored
            picture, as a share of its crop's side.
        veto_share: a label farther than this share of the teacher's crop from a confident answer is not learnt from;
            0 trusts every label.
        mend_share: a person whose left and right fit a confident teacher only when they are exchanged, by this share of
            its crop, gets them exchanged (`movenet.data.sides`); 0 leaves all as they are.
        shift_px: how far the labels lie to the left of and above what they mark, in pixels of the picture: 0.5 where
            they count pixels, as COCO's do. They lie so in turned and mirrored crops, too, and so do the network's
            answers; without it, mirrored and plain crops contradict each other.
    """

    absent_means_hidden: bool = True
    use_teacher: bool = False
    teacher_min_score: float = 0.4
    teacher_max_disagreement: float = 0.02
    veto_share: float = 0.0
    mend_share: float = 0.0
    shift_px: float = 0.0


@dataclass(frozen=True)
class TrainingPoints:
    """What is to be learnt of one person.

    Attributes:
        points_px: float32 [K, 2].
        labelled: bool [K]: the point's place is known.
        trusted_absence: bool [K]: where `labelled` is false, the point is known not to be visible.
    """

    points_px: np.ndarray
    labelled: np.ndarray
    trusted_absence: np.ndarray

    @property
    def unknown(self) -> np.ndarray:
        """bool [K]: it is not known whether and where the point is visible."""
        return ~self.labelled & ~self.trusted_absence


# The teacher saw a square of this many times the person's longer side; its disagreement is a share of that square.
TEACHER_CROP_SCALE = 1.25


def training_points(person: PersonRecord, rules: LabelRules) -> TrainingPoints:
    """Apply a set's rules to one person."""
    points = person.points_px.copy()
    labelled = person.visibility > Visibility.UNLABELLED
    trusted_absence = np.full(len(points), rules.absent_means_hidden)
    if person.annotated is not None:
        trusted_absence &= person.annotated
    if person.teacher_points_px is None or person.teacher_scores is None or person.teacher_disagreement is None:
        return TrainingPoints(points, labelled, trusted_absence)
    confident = person.teacher_scores >= rules.teacher_min_score
    confident &= person.teacher_disagreement <= rules.teacher_max_disagreement
    if rules.veto_share > 0:
        limit_px = rules.veto_share * TEACHER_CROP_SCALE * max(person.box_px[2:])
        distance_px = np.linalg.norm(person.teacher_points_px - points, axis=1)
        vetoed = labelled & confident & (distance_px > limit_px)
        labelled = labelled & ~vetoed
        trusted_absence &= ~vetoed
        confident = confident & ~vetoed
    if rules.use_teacher:
        filled = confident & ~labelled
        points[filled] = person.teacher_points_px[filled]
        labelled = labelled | filled
    return TrainingPoints(points, labelled, trusted_absence)
