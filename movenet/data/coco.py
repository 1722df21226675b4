"""Reader of COCO keypoint json files (https://cocodataset.org/#format-data), annotation tools' exports included."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import numpy as np

from movenet.data.boxes import estimated_area
from movenet.data.coco_exports import as_plain_coco
from movenet.data.coco_schema import Json, load_coco, number_array, reason
from movenet.data.coco_writer import ANNOTATION_KEYS, IMAGE_KEYS
from movenet.data.keypoint_map import KeypointMap, annotated_keypoints, source_columns, take_columns
from movenet.data.pictures import find_picture, upright_size
from movenet.data.records import PersonRecord, PictureRecord
from movenet.errors import DataError
from movenet.skeleton import Skeleton


def read_coco(
    annotations: str | Path, images: str | Path, skeleton: Skeleton, keypoints: KeypointMap | None = None
) -> list[PictureRecord]:
    """Read a COCO keypoints file.

    Crowd regions are left out, and annotations of categories without keypoints; pictures without a person are kept.

    Args:
        annotations: the json file.
        images: the folder that `file_name` is relative to. The pictures themselves are not decoded here.
        skeleton: what the records are to hold.
        keypoints: from the skeleton's keypoints to the file's (see `movenet.data.keypoint_map`).

    Raises:
        DataError: if the file is not COCO keypoints json, its keypoints are not the skeleton's, or it has no person.
        ConfigError: if `keypoints` names what the skeleton does not have.
    """
    content = as_plain_coco(load_coco(Path(annotations)), annotations)
    pictures = [_picture(image, Path(images), annotations) for image in content["images"]]
    by_id = {picture.image_id: picture for picture in pictures}
    if len(by_id) != len(pictures):
        doubled = next(p.image_id for p in pictures if by_id[p.image_id] is not p)
        raise DataError(f"{annotations}: two images have the id {doubled}")
    layouts = _Layouts(content, skeleton, keypoints, annotations)
    persons: dict[int, list[PersonRecord]] = {}
    known_ids: set[int] = set()
    for annotation in content["annotations"]:
        place, image_id = f"{annotations}: annotation {annotation['id']}", annotation["image_id"]
        if image_id not in by_id:
            raise DataError(f"{place}: its image id, {image_id}, is not in 'images'")
        try:
            if annotation.get("iscrowd", 0) or layouts.without_keypoints(annotation):
                continue
            person = _person(annotation, layouts.of(annotation))
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{place}: {reason(error)}") from error
        if person.annotation_id in known_ids:
            raise DataError(f"{place}: another annotation has this id, too")
        known_ids.add(person.annotation_id)
        persons.setdefault(image_id, []).append(person)
    if not persons:
        raise DataError(f"{annotations}: holds no annotated person")
    return [replace(picture, persons=tuple(persons.get(picture.image_id, ()))) for picture in pictures]


def unread_coco_parts(annotations: Path, _images: Path) -> list[str]:
    """What a file says that no record holds, one line a kind."""
    content = load_coco(annotations)
    of_images = Counter(key for image in content["images"] for key in image.keys() - IMAGE_KEYS)
    of_annotations = Counter(key for entry in content["annotations"] for key in entry.keys() - ANNOTATION_KEYS)
    lines = [f"'{key}' of {count} images" for key, count in sorted(of_images.items())]
    lines += [f"'{key}' of {count} annotations" for key, count in sorted(of_annotations.items())]
    crowds = sum(bool(annotation.get("iscrowd")) for annotation in content["annotations"])
    others = sum(not annotation.get("keypoints") for annotation in content["annotations"])
    lines += [f"{crowds} crowd regions"] if crowds else []
    return [*lines, f"{others} annotations without keypoints"] if others else lines


def _picture(image: Json, images: Path, origin: str | Path) -> PictureRecord:
    path = find_picture(images, image["file_name"]) or images / image["file_name"]
    upright = bool(image.get("upright", False))
    if image.get("width") is not None and image.get("height") is not None:
        size = image["width"], image["height"]
    elif upright:  # Exports that do not know the upright picture's size leave it out.
        size = upright_size(path)
    else:
        raise DataError(f"{origin}: image {image['id']}: 'width' or 'height' is missing")
    return PictureRecord(image["id"], path, *size, (), upright)


class _Layout(NamedTuple):
    """How the points of an annotation stand in its list.

    Attributes:
        num_points: number of the points.
        columns: int64 [K], see `source_columns`.
    """

    num_points: int
    columns: np.ndarray


class _Layouts:
    """The layout of each category; a file without categories has one of its own."""

    def __init__(self, content: Json, skeleton: Skeleton, keypoints: KeypointMap | None, origin: str | Path) -> None:
        self._skeleton, self._keypoints, self._origin = skeleton, keypoints, origin
        self._categories = {category.get("id") for category in content["categories"]}
        self._by_category = {
            category.get("id"): self._layout(category["keypoints"], len(category["keypoints"]))
            for category in content["categories"]
            if category["keypoints"]
        }

    def without_keypoints(self, annotation: Json) -> bool:
        """Whether it is a box or an outline of something that the file defines no keypoints for.

        Raises:
            KeyError, ValueError: if it is not told what it is.
        """
        if not self._by_category:
            return False
        if annotation["category_id"] not in self._categories:
            raise ValueError(f"its category id, {annotation['category_id']}, is not in 'categories'")
        return annotation["category_id"] not in self._by_category

    def of(self, annotation: Json) -> _Layout:
        if self._by_category:
            return self._by_category[annotation["category_id"]]
        if self._keypoints is None:
            return self._layout(None, self._skeleton.num_keypoints)
        return self._layout(None, len(annotation["keypoints"]) // 3)

    def _layout(self, names: list[str] | None, count: int) -> _Layout:
        return _Layout(count, source_columns(self._skeleton, names, count, self._keypoints, self._origin))


def _person(annotation: Json, layout: _Layout) -> PersonRecord:
    points = _by_keypoint(annotation, "keypoints", layout, 3)
    if not np.isin(points[:, 2], (0, 1, 2)).all():
        raise ValueError("the visibility of 'keypoints' must be 0, 1 or 2")
    x, y, width, height = annotation["bbox"]
    box = x, y, width, height
    teacher = _optional(annotation, "teacher_keypoints", layout, 3)
    disagreement = _optional(annotation, "teacher_disagreement", layout, 1)
    return PersonRecord(
        annotation_id=annotation["id"],
        box_px=box,
        # Exports write 0, or nothing.
        area_px=float(annotation.get("area") or estimated_area(box)),
        points_px=points[:, :2],
        visibility=points[:, 2].astype(np.int8),
        teacher_points_px=None if teacher is None else teacher[:, :2],
        teacher_scores=None if teacher is None else teacher[:, 2],
        teacher_disagreement=None if disagreement is None else disagreement[:, 0],
        annotated=annotated_keypoints(layout.columns),
    )


def _optional(annotation: Json, key: str, layout: _Layout, dimensions: int) -> np.ndarray | None:
    """As `_by_keypoint`; None where the annotation has no such list."""
    return None if annotation.get(key) is None else _by_keypoint(annotation, key, layout, dimensions)


def _by_keypoint(annotation: Json, key: str, layout: _Layout, dimensions: int) -> np.ndarray:
    """A flat list with so many numbers a point, as float32 [K, dimensions] in the skeleton's order."""
    numbers = number_array(annotation[key], f"'{key}'")
    if numbers.shape != (layout.num_points * dimensions,):
        shape = " x ".join(str(length) for length in numbers.shape)
        raise ValueError(
            f"'{key}' must be a list of {layout.num_points * dimensions} numbers, {dimensions} a point; found {shape}"
        )
    return take_columns(numbers.astype(np.float32).reshape(-1, dimensions), layout.columns)
