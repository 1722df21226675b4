"""Squares without anybody: what a network is to answer with scores of 0."""

from __future__ import annotations

import numpy as np

from movenet.data.boxes import overlap
from movenet.data.records import Box, PersonRecord, PictureRecord, Visibility

# Squares that are tried in a picture; the largest one without a person is taken.
_TRIES = 40
# Of the picture's shorter side: from here on a square is worth a look.
_MIN_SIDE_SHARE = 0.25


def empty_square(picture: PictureRecord, num_keypoints: int) -> PersonRecord | None:
    """A person who is not there: no keypoint, and as box a square that touches nobody's; None where none was found.

    The same one for the same picture and persons. Nobody knows of persons that are not annotated.
    """
    rng = np.random.default_rng((picture.width_px, picture.height_px, picture.image_id))
    shorter_px = min(picture.width_px, picture.height_px)
    found: list[Box] = []
    for _ in range(_TRIES):
        side_px = shorter_px * rng.uniform(_MIN_SIDE_SHARE, 1.0)
        left_px = rng.uniform(0, picture.width_px - side_px)
        top_px = rng.uniform(0, picture.height_px - side_px)
        box = (left_px, top_px, side_px, side_px)
        if all(overlap(box, person.box_px) == 0 for person in picture.persons):
            found.append(box)
    if not found:
        return None
    largest = max(found, key=lambda box: box[2])
    return PersonRecord(
        annotation_id=0,
        box_px=largest,
        area_px=0.0,
        points_px=np.zeros((num_keypoints, 2), np.float32),
        visibility=np.full(num_keypoints, Visibility.UNLABELLED, np.int8),
    )
