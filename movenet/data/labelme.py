"""Reader of labelme's json files (https://github.com/wkentaro/labelme), one a picture.

Points are shapes of the type `point`, labelled with the keypoint's name. Whose they are:
- points and a rectangle with the same `group_id` are one person;
- a point without `group_id` belongs to the person whose rectangle, labelled `person`, holds it;
- in a file with neither, all points are the one person's.

labelme knows no visibility: a point whose flag `occluded` is set is occluded, any other visible.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np

from movenet.data.boxes import box_around, estimated_area
from movenet.data.coco_schema import load_json, number_array
from movenet.data.keypoint_map import KeypointMap, label_indices
from movenet.data.pictures import find_picture, upright_size
from movenet.data.records import Box, PersonRecord, PictureRecord, Visibility
from movenet.errors import DataError
from movenet.skeleton import Skeleton

PERSON_LABEL = "person"
OCCLUDED_FLAG = "occluded"


def read_labelme(
    folder: str | Path, images: str | Path, skeleton: Skeleton, keypoints: KeypointMap | None = None
) -> list[PictureRecord]:
    """Read every json file of a folder.

    Args:
        folder: of the json files (its sub-folders are left alone).
        images: the folder of the pictures, found by each file's `imagePath` (see `find_picture`).
        skeleton: what the records are to hold.
        keypoints: from the skeleton's keypoints to the labels (see `movenet.data.keypoint_map`).

    Raises:
        DataError: if a file is not labelme's, a label is unknown, it is not clear whose a point is, or the folder has
            no person.
        ConfigError: if `keypoints` names what the skeleton does not have.
    """
    indices = label_indices(skeleton, keypoints)
    records = []
    next_person = 1
    for number, path in enumerate(labelme_files(Path(folder)), start=1):
        record = _read_file(path, Path(images), number, next_person, skeleton, indices, mapped=keypoints is not None)
        next_person += len(record.persons)
        records.append(record)
    if next_person == 1:
        raise DataError(f"{folder}: its json files hold no annotated person")
    return records


def labelme_files(folder: Path) -> list[Path]:
    """The json files of a folder.

    Raises:
        DataError: if there are none.
    """
    paths = sorted(folder.glob("*.json")) if folder.is_dir() else []
    if not paths:
        raise DataError(f"{folder}: not a folder with labelme's json files")
    return paths


def unread_labelme_parts(folder: Path, _images: Path) -> list[str]:
    """What the files of a folder that can be read say and no record holds, one line a kind."""
    counts: Counter[str] = Counter()
    for path in labelme_files(folder):
        content = load_json(path)
        counts["pictures embedded in their files ('imageData')"] += content.get("imageData") is not None
        shapes = content["shapes"]
        groups = {shape.get("group_id") for shape in shapes if shape.get("shape_type") == "point"} - {None}
        for shape in shapes:
            kind, label = shape.get("shape_type", "polygon"), shape["label"]
            of_person = kind == "rectangle" and (label == PERSON_LABEL or shape.get("group_id") in groups)
            if kind != "point" and not of_person:
                counts[f"shapes of the type '{kind}' labelled '{label}'"] += 1
            counts["descriptions of shapes"] += bool(shape.get("description"))
            counts["other flags of shapes than 'occluded'"] += bool(set(shape.get("flags") or {}) - {OCCLUDED_FLAG})
    return [f"{count} {kind}" for kind, count in sorted(counts.items()) if count]


@dataclass
class _Found:
    """The shapes of one person, gathered one by one."""

    box: Box | None = None
    points: dict[int, tuple[float, float, Visibility]] = field(default_factory=dict)


def _read_file(
    path: Path, images: Path, number: int, first_id: int, skeleton: Skeleton, indices: dict[str, int], mapped: bool
) -> PictureRecord:
    content = load_json(path)
    if not isinstance(content, dict) or not isinstance(content.get("shapes"), list) or "imagePath" not in content:
        raise DataError(f"{path}: not a labelme file: expected 'shapes' and 'imagePath'")
    named = content["imagePath"]
    if not isinstance(named, str) or not named.strip():
        raise DataError(f"{path}: 'imagePath' must name the picture, not {named!r}")
    picture = find_picture(images, named) or images / PurePosixPath(named.replace("\\", "/")).name
    width, height = _size(content, picture, path)
    shapes = [_Shape(f"{path}: shape {index}", shape) for index, shape in enumerate(content["shapes"])]
    persons = _gather(shapes, indices, mapped, path)
    annotated = np.zeros(skeleton.num_keypoints, bool)
    annotated[list(indices.values())] = True
    found = tuple(
        _person(person, first_id + index, (width, height), annotated, path) for index, person in enumerate(persons)
    )
    return PictureRecord(number, picture, width, height, found, upright=True)


def _size(content: dict[str, Any], picture: Path, path: Path) -> tuple[int, int]:
    """What the points are measured on; labelme may leave it out."""
    width, height = content.get("imageWidth"), content.get("imageHeight")
    if width is None or height is None:
        return upright_size(picture)
    if type(width) is not int or type(height) is not int or min(width, height) < 1:
        raise DataError(f"{path}: 'imageWidth' and 'imageHeight' must be whole numbers above 0")
    return width, height


class _Shape:
    """One shape, checked.

    Raises:
        DataError: if it is none.
    """

    def __init__(self, place: str, shape: Any) -> None:
        self.place = place
        if not isinstance(shape, dict) or "label" not in shape or "points" not in shape:
            raise DataError(f"{place}: expected an object with 'label' and 'points'")
        if not isinstance(shape["label"], str):
            raise DataError(f"{place}: 'label' must be a text, not {shape['label']!r}")
        self.label = shape["label"]
        self.group = shape.get("group_id")
        if self.group is not None and not isinstance(self.group, int | str):
            raise DataError(f"{place}: 'group_id' must be a number or a text, not {self.group!r}")
        self.type = shape.get("shape_type", "polygon")
        flags = shape.get("flags") or {}
        occluded = isinstance(flags, dict) and flags.get(OCCLUDED_FLAG)
        self.visibility = Visibility.OCCLUDED if occluded else Visibility.VISIBLE
        try:
            self.points = number_array(shape["points"], "'points'")
        except ValueError as error:
            raise DataError(f"{place}: {error}") from error
        if self.points.ndim != 2 or self.points.shape[1] != 2 or (self.type == "point" and len(self.points) != 1):
            raise DataError(f"{place}: 'points' must be pairs of numbers, and for the type 'point' one pair")

    @property
    def box(self) -> Box:
        """Of a rectangle, from two corners in any order, or from four."""
        (left, top), (right, bottom) = self.points.min(axis=0).tolist(), self.points.max(axis=0).tolist()
        return left, top, right - left, bottom - top

    def holds(self, point: np.ndarray) -> bool:
        return bool(((point >= self.points.min(axis=0)) & (point <= self.points.max(axis=0))).all())


def _gather(shapes: list[_Shape], indices: dict[str, int], mapped: bool, path: Path) -> list[_Found]:
    """The persons of a file, in the order of their first shape."""
    points = [shape for shape in shapes if shape.type == "point" and _is_keypoint(shape, indices, mapped)]
    rectangles = [shape for shape in shapes if shape.type == "rectangle" and shape.label == PERSON_LABEL]
    groups = {point.group for point in points if point.group is not None}
    # A rectangle is its group's person; without a group, or alone in it, a person of its own.
    persons: dict[Any, _Found] = {}
    for shape in shapes:
        if shape in rectangles or (shape.type == "rectangle" and shape.group in groups):
            key = shape if shape.group is None else shape.group
            person = persons.setdefault(key, _Found())
            if person.box is not None:
                raise DataError(f"{shape.place}: a second rectangle of the group {shape.group}")
            person.box = shape.box
    for point in points:
        key = point.group if point.group is not None else _holder(point, rectangles, bool(groups), path)
        person = persons.setdefault(key, _Found())
        index = indices[point.label]
        if index in person.points:
            raise DataError(
                f"{point.place}: a second point {point.label!r} of the same person: tell persons apart by group_id, or "
                f"by rectangles labelled '{PERSON_LABEL}'"
            )
        x, y = point.points[0].tolist()
        person.points[index] = x, y, point.visibility
    return list(persons.values())


def _is_keypoint(shape: _Shape, indices: dict[str, int], mapped: bool) -> bool:
    if shape.label in indices:
        return True
    if mapped:  # What a map leaves out is not read.
        return False
    raise DataError(
        f"{shape.place}: {shape.label!r} is not a keypoint of the skeleton ({', '.join(list(indices)[:3])}, ...): give "
        f"the skeleton that fits, or a map ('keypoints')"
    )


def _holder(point: _Shape, rectangles: Iterable[_Shape], has_groups: bool, path: Path) -> Any:
    """Whose a point without a group is: the key of its rectangle's person, or of the file's only person."""
    rectangles = list(rectangles)
    if not rectangles and not has_groups:
        return path
    holding = [rectangle for rectangle in rectangles if rectangle.holds(point.points[0])]
    if len(holding) != 1:
        raise DataError(
            f"{point.place}: the point {point.label!r} has no group_id and lies in {len(holding)} rectangles labelled "
            f"'{PERSON_LABEL}': it is not clear whose it is"
        )
    return holding[0] if holding[0].group is None else holding[0].group


def _person(
    found: _Found, annotation_id: int, size: tuple[int, int], annotated: np.ndarray, path: Path
) -> PersonRecord:
    count = len(annotated)
    points, visibility = np.zeros((count, 2), np.float32), np.zeros(count, np.int8)
    for index, (x, y, seen) in found.points.items():
        points[index], visibility[index] = (x, y), seen
    try:
        box = box_around(points, visibility, *size) if found.box is None else found.box
    except ValueError as error:
        raise DataError(f"{path}: {error}") from error
    return PersonRecord(
        annotation_id, box, estimated_area(box), points, visibility, annotated=None if annotated.all() else annotated
    )
