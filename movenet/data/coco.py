"""Reader of COCO keypoint json files (https://cocodataset.org/#format-data)."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from movenet.data.records import PersonRecord, PictureRecord
from movenet.errors import DataError
from movenet.skeleton import Skeleton


def read_coco(annotations: str | Path, images: str | Path, skeleton: Skeleton) -> list[PictureRecord]:
    """Read a COCO keypoints file. Crowd regions are left out; pictures without a person are kept.

    Args:
        annotations: the json file.
        images: the folder that `file_name` is relative to. The pictures themselves are not opened here.
        skeleton: what the file's keypoints must be.

    Raises:
        DataError: if the file is not COCO keypoints json, its keypoints are not the skeleton's, or it has no person.
    """
    content = _load(Path(annotations))
    _check_keypoint_names(content, skeleton, annotations)
    persons: dict[int, list[PersonRecord]] = {}
    for annotation in content["annotations"]:
        if annotation.get("iscrowd", 0):
            continue
        try:
            person = _person(annotation, skeleton.num_keypoints)
            persons.setdefault(int(annotation["image_id"]), []).append(person)
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{annotations}: annotation {annotation.get('id', '?')}: {_reason(error)}") from error
    if not persons:
        raise DataError(f"{annotations}: holds no annotated person")
    records = []
    for image in content["images"]:
        try:
            image_id = int(image["id"])
            path = Path(images) / image["file_name"]
            size = int(image["width"]), int(image["height"])
        except (KeyError, TypeError, ValueError) as error:
            raise DataError(f"{annotations}: image {image.get('id', '?')}: {_reason(error)}") from error
        records.append(PictureRecord(image_id, path, *size, tuple(persons.pop(image_id, ()))))
    if persons:
        raise DataError(f"{annotations}: annotations name image ids that are not in 'images': {sorted(persons)[:5]}")
    return records


def _load(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: not a json file: {error}") from error
    lists = ("images", "annotations")
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in lists):
        raise DataError(f"{path}: not COCO keypoints json: expected the lists 'images' and 'annotations'")
    for key in lists:
        if not all(isinstance(entry, dict) for entry in content[key]):
            raise DataError(f"{path}: not COCO keypoints json: every entry of '{key}' must be an object")
    return content


def _check_keypoint_names(content: dict[str, Any], skeleton: Skeleton, path: str | Path) -> None:
    for category in content.get("categories") or ():
        names = category.get("keypoints") if isinstance(category, dict) else None
        if names and tuple(names) != skeleton.names:
            raise DataError(
                f"{path}: its category has {len(names)} keypoints ({', '.join(map(str, names[:3]))}, ...), "
                f"the skeleton {skeleton.num_keypoints} ({', '.join(skeleton.names[:3])}, ...): "
                f"give the skeleton that fits"
            )


def _person(annotation: dict[str, Any], num_keypoints: int) -> PersonRecord:
    keypoints = np.asarray(annotation["keypoints"], dtype=np.float32)
    if keypoints.shape != (3 * num_keypoints,):
        raise ValueError(f"expected {3 * num_keypoints} keypoint numbers (x, y, v), found {keypoints.size}")
    keypoints = keypoints.reshape(num_keypoints, 3)
    if not np.isfinite(keypoints).all() or not np.isin(keypoints[:, 2], (0, 1, 2)).all():
        raise ValueError("keypoints must be finite, and their visibility 0, 1 or 2")
    x, y, width, height = (float(value) for value in annotation["bbox"])
    teacher = annotation.get("teacher_keypoints")
    teacher_array = None if teacher is None else np.asarray(teacher, np.float32).reshape(num_keypoints, 3)
    disagreement = annotation.get("teacher_disagreement")
    return PersonRecord(
        annotation_id=int(annotation["id"]),
        box_px=(x, y, width, height),
        area_px=float(annotation.get("area", width * height)),
        points_px=keypoints[:, :2],
        visibility=keypoints[:, 2].astype(np.int8),
        teacher_points_px=None if teacher_array is None else teacher_array[:, :2],
        teacher_scores=None if teacher_array is None else teacher_array[:, 2],
        teacher_disagreement=None if disagreement is None else np.asarray(disagreement, np.float32),
    )


def _reason(error: Exception) -> str:
    return f"the key {error} is missing" if isinstance(error, KeyError) else str(error)
