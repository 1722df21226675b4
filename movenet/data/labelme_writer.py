"""Records to labelme's json files, one a picture, as `movenet.data.labelme` reads them; the pictures stay in place."""

from __future__ import annotations

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from movenet.data.coco_writer import shortest
from movenet.data.labelme import OCCLUDED_FLAG, PERSON_LABEL
from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.errors import DataError
from movenet.skeleton import Skeleton

# The newest release whose files have these keys; labelme reads older ones' too.
_VERSION = "5.5.0"


def write_labelme(
    folder: Path, pictures: Sequence[PictureRecord], skeleton: Skeleton, final_folder: Path | None = None
) -> None:
    """Write the json files.

    Args:
        folder: to write into.
        pictures: to write; their points must be of the upright pictures.
        skeleton: of the records.
        final_folder: where the files will stand, if not there: what `imagePath` is relative to.

    Raises:
        DataError: if two pictures would share a file.
    """
    written: set[Path] = set()
    for picture in pictures:
        path = folder / f"{picture.path.stem}.json"
        if path in written:
            raise DataError(f"{picture.path}: another picture has the same name but for folder or suffix: rename one")
        written.add(path)
        path.write_text(json.dumps(_content(picture, skeleton, final_folder or folder), indent=1), encoding="utf-8")


def _content(picture: PictureRecord, skeleton: Skeleton, folder: Path) -> dict[str, Any]:
    return {
        "version": _VERSION,
        "flags": {},
        "shapes": [s for group, person in enumerate(picture.persons) for s in _shapes(person, group, skeleton)],
        "imagePath": Path(os.path.relpath(picture.path, folder)).as_posix(),
        "imageData": None,
        "imageHeight": picture.height_px,
        "imageWidth": picture.width_px,
    }


def _shapes(person: PersonRecord, group: int, skeleton: Skeleton) -> list[dict[str, Any]]:
    x, y, width, height = person.box_px
    shapes = [_shape(PERSON_LABEL, "rectangle", [[x, y], [x + width, y + height]], group, {})]
    for name, point, visibility in zip(skeleton.names, person.points_px, person.visibility, strict=True):
        if visibility > Visibility.UNLABELLED:
            flags = {OCCLUDED_FLAG: True} if visibility == Visibility.OCCLUDED else {}
            shapes.append(_shape(name, "point", [shortest(point)], group, flags))
    return shapes


def _shape(label: str, kind: str, points: list[list[float]], group: int, flags: dict[str, bool]) -> dict[str, Any]:
    return {
        "label": label,
        "points": points,
        "group_id": group,
        "description": "",
        "shape_type": kind,
        "flags": flags,
        "mask": None,
    }
