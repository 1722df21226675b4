"""Reader of YOLO-pose sets (https://docs.ultralytics.com/datasets/pose).

`data.yaml` says how many points there are (`kpt_shape`), which change places in the mirror (`flip_idx`) and, in newer
sets, their names (`kpt_names`). Each picture has a text file with a line for each person: class, box and points as
shares of the picture's width and height, as it is looked at (EXIF orientation applied).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from movenet.data.boxes import estimated_area
from movenet.data.keypoint_map import (
    UNLABELLED_BY_SET,
    KeypointMap,
    annotated_keypoints,
    source_columns,
    take_columns,
)
from movenet.data.pictures import upright_size
from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.errors import DataError
from movenet.skeleton import Skeleton
from movenet.sources import PICTURE_SUFFIXES

_MAX_POINTS = 10_000
_BOX_NUMBERS = 5  # class, center x, center y, width, height
# Shares of the picture reach a little beyond 0..1 where a point lies outside; what is larger is measured in pixels.
_LARGEST_SHARE = 2.0


def read_yolo(
    data_yaml: str | Path, images: str | Path, skeleton: Skeleton, keypoints: KeypointMap | None = None
) -> list[PictureRecord]:
    """Read one folder of pictures of a YOLO-pose set; pictures without a label file have no person.

    Args:
        data_yaml: the set's description.
        images: the folder of the pictures; see `label_folder` for where their labels are.
        skeleton: what the records are to hold.
        keypoints: from the skeleton's keypoints to the set's (see `movenet.data.keypoint_map`).

    Raises:
        DataError: if a file is not what it should be, the set's keypoints are not the skeleton's, or it has no person.
        ConfigError: if `keypoints` names what the skeleton does not have.
    """
    layout = _read_layout(Path(data_yaml))
    columns = source_columns(skeleton, layout.names, layout.count, keypoints, data_yaml)
    _check_mirror(layout, columns, skeleton, data_yaml)
    labels = label_folder(Path(images))
    records: list[PictureRecord] = []
    next_person = 1
    for number, path in enumerate(_picture_files(Path(images)), start=1):
        width, height = upright_size(path)
        lines = _label_lines(labels / path.relative_to(images).with_suffix(".txt"))
        persons = tuple(
            _person(numbers, next_person + index, (width, height), layout, columns)
            for index, numbers in enumerate(_numbers(lines, layout))
        )
        next_person += len(persons)
        records.append(PictureRecord(number, path, width, height, persons, upright=True))
    if next_person == 1:
        raise DataError(f"{data_yaml}: no annotated person: {labels} holds no labels of the pictures in {images}")
    return records


def label_folder(images: Path) -> Path:
    """Where the labels of a folder of pictures are: the last `images` of its path is `labels` instead."""
    parts = list(images.parts)
    if "images" in parts:
        parts[len(parts) - 1 - parts[::-1].index("images")] = "labels"
    return Path(*parts)


def yolo_label_files(data_yaml: Path, images: Path) -> list[Path]:
    """Every file that the records are made of, pictures aside."""
    return [data_yaml, *sorted(label_folder(images).rglob("*.txt"))]


def unread_yolo_parts(data_yaml: Path, images: Path) -> list[str]:
    """What the label files of a folder of pictures say and no record holds, one line a kind."""
    layout = _read_layout(data_yaml)
    if layout.person_classes is None:
        return []
    labels = label_folder(images)
    files = (labels / path.relative_to(images).with_suffix(".txt") for path in _picture_files(images))
    classes = [int(float(line.split()[0])) for path in files for _, line in _label_lines(path)]
    others = sum(number not in layout.person_classes for number in classes)
    return [f"{others} objects of other classes than 'person'"] if others else []


@dataclass(frozen=True)
class _Layout:
    """What data.yaml says.

    Attributes:
        count: number of points.
        dimensions: numbers a point: x, y and, if 3, visibility.
        names: of the points, or None.
        mirror: the `flip_idx`, or None.
        classes: the numbers that a class may have; None where the set does not say.
        person_classes: those that are persons; None: every class.
    """

    count: int
    dimensions: int
    names: tuple[str, ...] | None
    mirror: tuple[int, ...] | None
    classes: tuple[int, ...] | None
    person_classes: tuple[int, ...] | None

    @property
    def numbers_per_line(self) -> int:
        return _BOX_NUMBERS + self.count * self.dimensions


def _read_layout(path: Path) -> _Layout:
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, yaml.YAMLError) as error:
        raise DataError(f"{path}: not a YAML file: {' '.join(str(error).split())}") from error
    if not isinstance(content, dict) or "kpt_shape" not in content:
        raise DataError(f"{path}: not a YOLO-pose set's description: 'kpt_shape' is missing")
    try:
        count, dimensions = (int(value) for value in content["kpt_shape"])
        mirror = None if content.get("flip_idx") is None else tuple(int(value) for value in content["flip_idx"])
    except (TypeError, ValueError, OverflowError) as error:
        raise DataError(f"{path}: 'kpt_shape' must be [points, 2 or 3], and 'flip_idx' a list of numbers") from error
    if not 1 <= count <= _MAX_POINTS or dimensions not in (2, 3):
        raise DataError(f"{path}: 'kpt_shape' must be [points, 2 or 3], not {content['kpt_shape']}")
    if mirror is not None and sorted(mirror) != list(range(count)):
        raise DataError(f"{path}: 'flip_idx' must hold each number from 0 to {count - 1} once, not {list(mirror)}")
    classes = _class_names(content, path)
    persons = tuple(number for number, name in classes.items() if name == "person")
    names = _keypoint_names(content, count, path)
    return _Layout(count, dimensions, names, mirror, tuple(classes) or None, persons or None)


def _keypoint_names(content: dict[str, Any], count: int, path: Path) -> tuple[str, ...] | None:
    names = content.get("kpt_names")
    if isinstance(names, Mapping):  # one list a class
        names = next(iter(names.values()), None)
    if names is None:
        return None
    if not isinstance(names, list) or len(names) != count:
        raise DataError(f"{path}: 'kpt_names' must hold the {count} names that 'kpt_shape' speaks of")
    return tuple(str(name) for name in names)


def _class_names(content: dict[str, Any], path: Path) -> dict[int, Any]:
    """By number; empty where the set does not name its classes."""
    names = content.get("names") or {}
    if isinstance(names, list):
        return dict(enumerate(names))
    if not isinstance(names, Mapping) or not all(isinstance(number, int) for number in names):
        raise DataError(f"{path}: 'names' must be a list of classes, or map numbers to them")
    return dict(names)


def _check_mirror(layout: _Layout, columns: np.ndarray, skeleton: Skeleton, path: str | Path) -> None:
    """The one thing that tells a nameless set's order: its mirror must be the skeleton's."""
    if layout.mirror is None:
        return
    for keypoint, column in enumerate(columns):
        other = columns[skeleton.mirror_permutation[keypoint]]
        if UNLABELLED_BY_SET not in (column, other) and layout.mirror[column] != other:
            raise DataError(
                f"{path}: 'flip_idx' puts point {column} in the place of {layout.mirror[column]}, but the skeleton's "
                f"'{skeleton.names[keypoint]}' in that of point {other}: the points stand in another order"
            )


def _picture_files(images: Path) -> list[Path]:
    if not images.is_dir():
        raise DataError(f"{images}: no such folder of pictures")
    paths = sorted(path for path in images.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise DataError(f"{images}: holds no pictures ({', '.join(PICTURE_SUFFIXES)})")
    return paths


def _label_lines(path: Path) -> list[tuple[str, str]]:
    """(place for messages, line) of each line that says something; none if there is no such file."""
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return []
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}") from error
    return [(f"{path}: line {n}", line) for n, line in enumerate(text.splitlines(), start=1) if line.strip()]


def _numbers(lines: list[tuple[str, str]], layout: _Layout) -> list[np.ndarray]:
    """float64 [numbers a line] of each person."""
    result = []
    for place, line in lines:
        try:
            numbers = np.array(line.split(), np.float64)
        except ValueError as error:
            raise DataError(f"{place}: must be numbers with blanks between them, not {line[:40]!r} ...") from error
        if len(numbers) != layout.numbers_per_line:
            raise DataError(
                f"{place}: expected {layout.numbers_per_line} numbers (class, box, {layout.count} x "
                f"{layout.dimensions} for the points), found {len(numbers)}"
            )
        if not np.isfinite(numbers).all():
            raise DataError(f"{place}: every number must be finite")
        if layout.classes is not None and numbers[0] not in layout.classes:
            raise DataError(f"{place}: its class, {numbers[0]:g}, is not in the 'names' of data.yaml")
        if (numbers[3:_BOX_NUMBERS] < 0).any():
            raise DataError(f"{place}: width and height of the box must not be negative")
        if layout.dimensions == 3 and not np.isin(numbers[_BOX_NUMBERS + 2 :: 3], (0, 1, 2)).all():
            raise DataError(f"{place}: a point's visibility must be 0, 1 or 2")
        if np.abs(numbers[1:]).max() > _LARGEST_SHARE:
            raise DataError(f"{place}: box and points must be shares of the picture's size, 0..1, not pixels")
        if layout.person_classes is None or int(numbers[0]) in layout.person_classes:
            result.append(numbers)
    return result


def _person(
    numbers: np.ndarray, annotation_id: int, size: tuple[int, int], layout: _Layout, columns: np.ndarray
) -> PersonRecord:
    width, height = size
    center_x, center_y, box_width, box_height = numbers[1:_BOX_NUMBERS] * (width, height, width, height)
    left, top = center_x - box_width / 2, center_y - box_height / 2
    box = float(left), float(top), float(box_width), float(box_height)
    points = numbers[_BOX_NUMBERS:].reshape(layout.count, layout.dimensions)
    if layout.dimensions == 3:
        visibility = points[:, 2]
    else:
        # Two numbers a point leave no place for visibility: the corner, or beyond it, means "not labelled".
        visibility = np.where((points[:, :2] <= 0).all(axis=1), Visibility.UNLABELLED, Visibility.VISIBLE)
    return PersonRecord(
        annotation_id=annotation_id,
        box_px=box,
        area_px=estimated_area(box),
        points_px=take_columns((points[:, :2] * (width, height)).astype(np.float32), columns),
        visibility=take_columns(visibility.astype(np.int8), columns),
        annotated=annotated_keypoints(columns),
    )
