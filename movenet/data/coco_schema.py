"""Json files, and what every COCO keypoints json must have before anything is made of it."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np

from movenet.errors import DataError

Json = dict[str, Any]

# No place in a picture is farther from its corner; products of two are finite in float32, too.
_FARTHEST_PX = 1e9


def load_json(path: Path) -> Any:
    """Any json file's content.

    Raises:
        DataError: if the file cannot be read or is no json.
    """
    try:
        # Some editors begin a file with a byte order mark.
        return json.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise DataError(f"{path}: cannot be read: {error.strerror}") from error
    except (ValueError, RecursionError) as error:
        raise DataError(f"{path}: not a json file: {error}") from error


def load_coco(path: Path) -> Json:
    """The content of a COCO json: lists of objects, whose ids are whole numbers and whose boxes are four numbers.

    Raises:
        DataError: if it is not such.
    """
    content = load_json(path)
    lists = ("images", "annotations")
    if not isinstance(content, dict) or not all(isinstance(content.get(key), list) for key in lists):
        raise DataError(f"{path}: not COCO keypoints json: expected the lists 'images' and 'annotations'")
    categories = content.get("categories") or []
    if not isinstance(categories, list):
        raise DataError(f"{path}: not COCO keypoints json: 'categories' must be a list")
    checks = {"image": _image, "annotation": _annotation, "category": _category}
    result = dict(content)
    for (kind, check), key in zip(checks.items(), (*lists, "categories"), strict=True):
        result[key] = []
        for entry in content.get(key) or ():
            if not isinstance(entry, dict):
                raise DataError(f"{path}: not COCO keypoints json: every entry of '{key}' must be an object")
            try:
                result[key].append(entry | check(entry))
            except (KeyError, ValueError) as error:
                raise DataError(f"{path}: {kind} {_shown(entry.get('id', '?'))}: {reason(error)}") from error
    return result


def reason(error: Exception) -> str:
    """An exception's text for a user, in one line."""
    return f"the key {error} is missing" if isinstance(error, KeyError) else " ".join(str(error).split())


def number_array(value: Any, what: str) -> np.ndarray:
    """float64 [...] of the numbers in a list, or in lists of equal lengths.

    Raises:
        ValueError: if they are not finite numbers.
    """
    try:
        numbers = np.asarray(value, np.float64)
    except (TypeError, ValueError, OverflowError) as error:
        raise ValueError(f"{what} must be numbers, not {_shown(value)}") from error
    if not (np.abs(numbers) < _FARTHEST_PX).all():  # NaN compares false
        raise ValueError(f"{what} must be finite")
    return numbers


def _image(entry: Json) -> Json:
    result: Json = {"id": _whole(entry, "id")}
    if not isinstance(entry["file_name"], str) or not entry["file_name"].strip():
        raise ValueError(f"'file_name' must be a text, not {_shown(entry['file_name'])}")
    for key in ("width", "height"):
        if entry.get(key) is not None:
            result[key] = _whole(entry, key)
            if result[key] < 1:
                raise ValueError(f"'{key}' must be above 0, not {result[key]}")
    return result


def _annotation(entry: Json) -> Json:
    result: Json = {"id": _whole(entry, "id"), "image_id": _whole(entry, "image_id")}
    if entry.get("category_id") is not None:
        result["category_id"] = _whole(entry, "category_id")
    if "bbox" in entry:
        result["bbox"] = _box(entry["bbox"])
    area = entry.get("area")
    if area is not None and not (_is_number(area) and area >= 0):
        raise ValueError(f"'area' must be a number of at least 0, not {_shown(area)}")
    return result


def _category(entry: Json) -> Json:
    names = entry.get("keypoints") or []
    if not isinstance(names, list):
        raise ValueError(f"'keypoints' must be a list of names, not {_shown(names)}")
    number = {"id": _whole(entry, "id")} if entry.get("id") is not None else {}
    return number | {"keypoints": [str(name) for name in names]}


def _box(value: Any) -> list[float]:
    numbers = number_array(value, "x, y, width and height of 'bbox'")
    if numbers.shape != (4,):
        raise ValueError(f"'bbox' must be x, y, width and height, not {_shown(value)}")
    if numbers[2:].min() < 0:
        raise ValueError(f"width and height of 'bbox' must not be negative: {_shown(value)}")
    return numbers.tolist()


def _is_number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < 1e30


def _whole(entry: Json, key: str) -> int:
    """A whole number, also as a text of digits or with a point."""
    value = entry[key]
    digits = isinstance(value, str) and value.isdecimal()
    if not digits and not (_is_number(value) and value == int(value)):
        raise ValueError(f"'{key}' must be a whole number, not {_shown(value)}")
    return int(value)


def _shown(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else f"{text[:57]}..."
