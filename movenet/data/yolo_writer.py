"""Records to a YOLO-pose folder: `data.yaml`, `images/SPLIT/` and `labels/SPLIT/`, as `movenet.data.yolo` reads it."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import yaml

from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.errors import DataError
from movenet.skeleton import Skeleton


def write_yolo(
    folder: Path, pictures: Sequence[PictureRecord], images: Path, skeleton: Skeleton, split: str = "train"
) -> None:
    """Write a set into an empty folder; the pictures are copied, since YOLO finds labels by their place.

    Args:
        folder: to write into.
        pictures: to write; their points must be of the upright pictures.
        images: the folder that the pictures' places are taken relative to.
        skeleton: of the records.
        split: name of the sub-folders.

    Raises:
        DataError: if a picture cannot be copied, or two would share a label file.
    """
    description = {
        "train": f"images/{split}",
        "val": f"images/{split}",
        "names": {0: "person"},
        "kpt_shape": [skeleton.num_keypoints, 3],
        "flip_idx": skeleton.mirror_permutation.tolist(),
        "kpt_names": {0: list(skeleton.names)},
    }
    (folder / "data.yaml").write_text(yaml.safe_dump(description, sort_keys=False), encoding="utf-8")
    written: set[Path] = set()
    for picture in pictures:
        relative = inner_path(picture, images)
        labels = folder / "labels" / split / relative.with_suffix(".txt")
        if labels in written:
            raise DataError(f"{picture.path}: another picture has the same name but for its suffix: rename one")
        written.add(labels)
        _copy(picture.path, folder / "images" / split / relative)
        labels.parent.mkdir(parents=True, exist_ok=True)
        size = picture.width_px, picture.height_px
        labels.write_text("".join(f"{_line(person, size)}\n" for person in picture.persons), encoding="utf-8")


def inner_path(picture: PictureRecord, images: Path) -> Path:
    """A picture's place within the folder of pictures; its name where it lies outside."""
    relative = Path(os.path.relpath(picture.path, images))
    return Path(picture.path.name) if ".." in relative.parts else relative


def outside_picture(person: PersonRecord, size: tuple[int, int]) -> np.ndarray:
    """bool [K]: labelled points that a line of YOLO cannot hold, since shares end at 0 and 1."""
    inside = ((person.points_px >= 0) & (person.points_px <= size)).all(axis=1)
    return (person.visibility > Visibility.UNLABELLED) & ~inside


def box_sticks_out(person: PersonRecord, size: tuple[int, int]) -> bool:
    """Whether the box has to be cut at the picture's edge."""
    x, y, width, height = person.box_px
    return min(x, y) < 0 or x + width > size[0] or y + height > size[1]


def _line(person: PersonRecord, size: tuple[int, int]) -> str:
    x, y, width, height = person.box_px
    if box_sticks_out(person, size):
        left, top = np.clip((x, y), 0, size)
        right, bottom = np.clip((x + width, y + height), 0, size)
        x, y, width, height = float(left), float(top), float(right - left), float(bottom - top)
    box = np.array([x + width / 2, y + height / 2, width, height]) / (*size, *size)
    visibility = np.where(outside_picture(person, size), Visibility.UNLABELLED, person.visibility)
    points = np.where(visibility[:, None] > Visibility.UNLABELLED, person.points_px.astype(np.float64) / size, 0.0)
    numbers = [f"{px!r} {py!r} {v}" for (px, py), v in zip(points.tolist(), visibility.tolist(), strict=True)]
    return " ".join(["0", *(repr(value) for value in box.tolist()), *numbers])


def _copy(source: Path, target: Path) -> None:
    target.parent.mkdir(parents=True, exist_ok=True)
    try:
        shutil.copyfile(source, target)
    except OSError as error:
        raise DataError(f"{source}: the picture cannot be copied: {error.strerror}") from error
