"""Labels by a teacher network, and whether they are to be believed.

The teacher looks at the whole picture, then twice at a square around whom it found, the second time also at the
mirror image of that square. Where its two answers lie far apart, or it is unsure, it does not know. Where it sees more
than one person, whose points these are is for a human to say.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from movenet.data.boxes import box_around, estimated_area
from movenet.data.labels import TEACHER_CROP_SCALE, LabelRules
from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.errors import ConfigError
from movenet.geometry import Square, extract_square, letterbox_square, person_square
from movenet.skeleton import Skeleton


class Look(NamedTuple):
    """What a network sees in its input.

    Attributes:
        points: float [K, 3], x and y of 0..1 and score, of the person that it points out.
        num_persons: how many it sees (`movenet.data.person_count`).
    """

    points: np.ndarray
    num_persons: int


Answer = Callable[[np.ndarray], Look]
"""A network: uint8 RGB [S, S, 3] -> what it sees."""

# Scores from here on tell where a person is, though not where the joint is.
_SEEN_SCORE = 0.2
_MIN_SEEN = 3


class Verdict(Enum):
    """What is to become of a picture."""

    KEEP = "keep"
    REVIEW = "review"
    REJECT = "reject"


@dataclass(frozen=True)
class PrelabelRules:
    """When a teacher is believed.

    Attributes:
        teacher: when it is sure of a point.
        keep_share: a person alone of whose points it is sure of at least this share is kept ...
        review_share: ... and from this share on is to be looked at; others are rejected.
    """

    teacher: LabelRules = field(default_factory=LabelRules)
    keep_share: float = 0.8
    review_share: float = 0.3

    def __post_init__(self) -> None:
        if not 0 <= self.review_share <= self.keep_share <= 1:
            raise ConfigError("prelabel: needs 0 <= review-share <= keep-share <= 1")


class TeacherAnswer(NamedTuple):
    """What the teacher says of one picture.

    Attributes:
        points_px: float32 [K, 2], mean of both answers.
        scores: float32 [K], mean of both.
        disagreement: float32 [K], distance of the two as a share of the square's side.
        num_persons: in the whole picture; at least the one that the points are of.
    """

    points_px: np.ndarray
    scores: np.ndarray
    disagreement: np.ndarray
    num_persons: int


def ask_teacher(image_bgr: np.ndarray, answer: Answer, input_size: int, skeleton: Skeleton) -> TeacherAnswer | None:
    """The teacher's answer about the person of a picture; None if it finds nobody.

    Args:
        image_bgr: uint8 [height, width, 3].
        answer: the network.
        input_size: its S.
        skeleton: its keypoints.
    """
    height, width = image_bgr.shape[:2]
    square = letterbox_square(width, height)
    persons_seen: list[int] = []
    for _ in range(2):
        crop, cut = _crop(image_bgr, square, input_size)
        found, seen = answer(crop)
        persons_seen.append(seen)
        around = _square_around(cut.to_px(found[:, :2]), found[:, 2], (width, height))
        if around is None:
            return None
        square = around
    crop, cut = _crop(image_bgr, square, input_size)
    plain = answer(crop).points
    mirrored = answer(np.ascontiguousarray(crop[:, ::-1])).points[skeleton.mirror_permutation]
    mirrored[:, 0] = 1 - mirrored[:, 0]
    mean = (plain + mirrored) / 2
    return TeacherAnswer(
        cut.to_px(mean[:, :2]).astype(np.float32),
        mean[:, 2].astype(np.float32),
        np.linalg.norm(plain[:, :2] - mirrored[:, :2], axis=1).astype(np.float32),
        max(1, persons_seen[0]),
    )


def judge(answer: TeacherAnswer | None, rules: PrelabelRules) -> Verdict:
    """Whether an answer is good enough to be a label."""
    if answer is None:
        return Verdict.REJECT
    share = float(_sure(answer, rules).mean())
    if share >= rules.keep_share and answer.num_persons == 1:
        return Verdict.KEEP
    return Verdict.REVIEW if share >= rules.review_share else Verdict.REJECT


def labelled_picture(
    path: Path, image_bgr: np.ndarray, number: int, answer: TeacherAnswer, rules: PrelabelRules
) -> PictureRecord:
    """A record whose labels are the points that the teacher is sure of; all its answers stand beside them."""
    height, width = image_bgr.shape[:2]
    sure = _sure(answer, rules)
    visibility = np.where(sure, Visibility.VISIBLE, Visibility.UNLABELLED).astype(np.int8)
    seen = np.where(answer.scores >= _SEEN_SCORE, Visibility.VISIBLE, Visibility.UNLABELLED)
    box = box_around(answer.points_px, np.maximum(seen, visibility), width, height)
    person = PersonRecord(
        annotation_id=number,
        box_px=box,
        area_px=estimated_area(box),
        points_px=np.where(sure[:, None], answer.points_px, 0),
        visibility=visibility,
        teacher_points_px=answer.points_px,
        teacher_scores=answer.scores,
        teacher_disagreement=answer.disagreement,
    )
    return PictureRecord(number, path, width, height, (person,), upright=True)


def _sure(answer: TeacherAnswer, rules: PrelabelRules) -> np.ndarray:
    """bool [K]."""
    teacher = rules.teacher
    return (answer.scores >= teacher.teacher_min_score) & (answer.disagreement <= teacher.teacher_max_disagreement)


def _crop(image_bgr: np.ndarray, square: Square, input_size: int) -> tuple[np.ndarray, Square]:
    """uint8 RGB [S, S, 3] and the square that was cut."""
    crop, cut = extract_square(image_bgr, square, input_size)
    return cv2.cvtColor(crop, cv2.COLOR_BGR2RGB), cut


def _square_around(points_px: np.ndarray, scores: np.ndarray, size: tuple[int, int]) -> Square | None:
    seen = scores >= _SEEN_SCORE
    if seen.sum() < _MIN_SEEN:
        return None
    box = box_around(points_px, np.where(seen, Visibility.VISIBLE, Visibility.UNLABELLED), *size)
    return person_square(box, TEACHER_CROP_SCALE) if min(box[2:]) > 0 else None
