"""Records to COCO keypoints json: what holds everything that a record says."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.outputs import replaced_file
from movenet.skeleton import Skeleton

# Of an image and of an annotation, what `read_coco` reads; exports' and COCO's other keys are not kept.
IMAGE_KEYS = frozenset({"id", "file_name", "width", "height", "upright"})
ANNOTATION_KEYS = frozenset(
    {"id", "image_id", "category_id", "iscrowd", "bbox", "area", "keypoints", "num_keypoints"}
    | {"teacher_keypoints", "teacher_disagreement"}
)
_PERSON_CATEGORY = 1


def write_coco(path: Path, pictures: Sequence[PictureRecord], images: Path, skeleton: Skeleton) -> None:
    """Write the json, whole or not at all.

    Args:
        path: of the json.
        pictures: to write.
        images: the folder that `file_name` is to be relative to.
        skeleton: of the records.

    Raises:
        DataError: if it cannot be written.
    """
    content = coco_content(pictures, images, skeleton)
    with replaced_file(path) as temporary:
        temporary.write_text(json.dumps(content), encoding="utf-8")


def coco_content(pictures: Sequence[PictureRecord], images: Path, skeleton: Skeleton) -> dict[str, Any]:
    """The json's content."""
    category = {
        "id": _PERSON_CATEGORY,
        "name": "person",
        "supercategory": "person",
        "keypoints": list(skeleton.names),
        # COCO counts from 1 here.
        "skeleton": (skeleton.edge_indices + 1).tolist(),
    }
    return {
        "images": [_image(picture, images) for picture in pictures],
        "annotations": [_annotation(person, p.image_id) for p in pictures for person in p.persons],
        "categories": [category],
    }


def shortest(values: np.ndarray) -> list[float]:
    """float32 [...] as the flat list of the shortest decimals that read back to the same float32."""
    return [float(str(value)) for value in values.astype(np.float32).reshape(-1)]


def _image(picture: PictureRecord, images: Path) -> dict[str, Any]:
    image: dict[str, Any] = {
        "id": picture.image_id,
        "file_name": Path(os.path.relpath(picture.path, images)).as_posix(),
        "width": picture.width_px,
        "height": picture.height_px,
    }
    return image | ({"upright": True} if picture.upright else {})


def _annotation(person: PersonRecord, image_id: int) -> dict[str, Any]:
    visibility = person.visibility
    numbers = np.column_stack([person.points_px, visibility]).astype(np.float32)
    # COCO writes zeros for what is not labelled.
    numbers[visibility == Visibility.UNLABELLED] = 0
    annotation = {
        "id": person.annotation_id,
        "image_id": image_id,
        "category_id": _PERSON_CATEGORY,
        "iscrowd": 0,
        "bbox": list(person.box_px),
        "area": person.area_px,
        "num_keypoints": person.num_labelled,
        "keypoints": shortest(numbers),
    }
    if person.teacher_points_px is not None and person.teacher_scores is not None:
        annotation["teacher_keypoints"] = shortest(np.column_stack([person.teacher_points_px, person.teacher_scores]))
    if person.teacher_disagreement is not None:
        annotation["teacher_disagreement"] = shortest(person.teacher_disagreement)
    return annotation
