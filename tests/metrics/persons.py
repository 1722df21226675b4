"""Small persons for the tests of the metrics."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.geometry import Square
from movenet.metrics import EvaluationPerson
from movenet.skeleton import Skeleton


def random_points_px(skeleton: Skeleton, seed: int = 0) -> np.ndarray:
    """float32 [K, 2], whole numbers in a field of 100 x 100 pixels."""
    return np.random.default_rng(seed).integers(20, 120, (skeleton.num_keypoints, 2)).astype(np.float32)


def person_of(
    points_px: np.ndarray,
    unlabelled: tuple[int, ...] = (),
    area_px: float = 5000.0,
    box_px: tuple[float, float, float, float] = (20.0, 20.0, 100.0, 100.0),
) -> PersonRecord:
    """A person, visible but for the given channels."""
    visibility = np.full(len(points_px), Visibility.VISIBLE, np.int8)
    visibility[list(unlabelled)] = Visibility.UNLABELLED
    return PersonRecord(1, box_px, area_px, points_px, visibility)


def picture_of(*persons: PersonRecord, image_id: int = 1, width_px: int = 320, height_px: int = 240) -> PictureRecord:
    return PictureRecord(image_id, Path(f"{image_id}.png"), width_px, height_px, persons)


def in_square(person: PersonRecord, side_px: float = 192.0, image_id: int = 1) -> EvaluationPerson:
    """The person alone in its picture, with an input square of the given side."""
    return EvaluationPerson(picture_of(person, image_id=image_id), person, Square(70.0, 70.0, side_px))


def with_scores(points_px: np.ndarray, score: float = 0.9) -> np.ndarray:
    """[..., K, 2] -> [..., K, 3]."""
    return np.concatenate([points_px, np.full((*points_px.shape[:-1], 1), score)], axis=-1)
