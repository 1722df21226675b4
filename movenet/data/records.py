"""What every reader gives: pictures and the persons in them, free of any file format and of torch."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from pathlib import Path

import numpy as np

Box = tuple[float, float, float, float]
"""x, y, width, height."""


class Visibility(IntEnum):
    """COCO's `v` of a keypoint."""

    UNLABELLED = 0
    OCCLUDED = 1
    VISIBLE = 2


@dataclass(frozen=True)
class PersonRecord:
    """One annotated person.

    Attributes:
        annotation_id: the annotation's id in its file.
        box_px: x, y, width, height.
        area_px: area for OKS, in square pixels.
        points_px: float32 [K, 2], x and y; meaningless where unlabelled.
        visibility: int8 [K], values of `Visibility`.
        teacher_points_px: float32 [K, 2] of a teacher network, or None.
        teacher_scores: float32 [K], 0..1, or None.
        teacher_disagreement: float32 [K], distance between the teacher's answers for the picture and its mirror image,
            as a share of its crop's side, or None.
        annotated: bool [K], the keypoints that the set labels at all (see `movenet.data.keypoint_map`); None: all.
    """

    annotation_id: int
    box_px: Box
    area_px: float
    points_px: np.ndarray
    visibility: np.ndarray
    teacher_points_px: np.ndarray | None = None
    teacher_scores: np.ndarray | None = None
    teacher_disagreement: np.ndarray | None = None
    annotated: np.ndarray | None = None

    @property
    def num_labelled(self) -> int:
        return int((self.visibility > Visibility.UNLABELLED).sum())


@dataclass(frozen=True)
class PictureRecord:
    """One picture and every annotated person in it.

    Attributes:
        image_id: the picture's id in its set.
        path: of the picture's file.
        width_px, height_px: what the points are measured on.
        persons: the annotated ones.
        upright: whether that is the picture as it is looked at, turned as its EXIF orientation says; if not, it is the
            picture as it is stored (COCO's convention).
    """

    image_id: int
    path: Path
    width_px: int
    height_px: int
    persons: tuple[PersonRecord, ...]
    upright: bool = False
