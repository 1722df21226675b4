"""What annotation tools write as COCO json, and where that is not what COCO means by it.

Label Studio (label_studio_sdk's converter; told by `info.contributor`):
- rectangles are annotations of their own, without keypoints; the keypoints' category is called `default`;
- a picture's keypoints become ONE person, whose box is their extent: the rectangle around them is the box meant;
- there is no `area`; a picture that its server could not open may stand there without a size, and without labels;
- points are measured on the picture as the browser shows it, sizes are the stored picture's.

CVAT (by way of Datumaro; told by the `occluded` among the annotations' attributes):
- labels without keypoints are categories and annotations too (the reader leaves those out);
- a skeleton without a rectangle in its group has the points' extent as its box, and that box's area.

Boxes that are the points' extent would cut off hands, feet and the top of the head: they are widened as
`movenet.data.boxes` does it.
"""

from __future__ import annotations

from collections import defaultdict
from pathlib import Path
from typing import Any

import numpy as np

from movenet.data.boxes import box_around, estimated_area
from movenet.data.coco_schema import Json, number_array
from movenet.errors import DataError

# Label Studio rounds points to whole pixels, Datumaro to hundredths.
_EXTENT_TOLERANCE_PX = 0.51


def as_plain_coco(content: Json, origin: str | Path) -> Json:
    """A json's content with an annotation tool's habits put right; any other content as it is.

    Args:
        content: as `movenet.data.coco_schema.load_coco` gives it.
        origin: the file, for messages.

    Raises:
        DataError: if an export has lost which points are whose.
    """
    if _is_label_studio(content):
        content = _from_label_studio(content, origin)
    elif not _is_cvat(content):
        return content
    sizes = {image.get("id"): (image.get("width"), image.get("height")) for image in content["images"]}
    annotations = [_with_wide_box(a, sizes.get(a.get("image_id"))) for a in content["annotations"]]
    return content | {"annotations": annotations}


def _is_label_studio(content: Json) -> bool:
    info = content.get("info")
    return isinstance(info, dict) and info.get("contributor") == "Label Studio"


def _is_cvat(content: Json) -> bool:
    attributes = [annotation.get("attributes") for annotation in content["annotations"]]
    return bool(attributes) and all(isinstance(found, dict) and "occluded" in found for found in attributes)


def _from_label_studio(content: Json, origin: str | Path) -> Json:
    by_image: defaultdict[Any, list[Json]] = defaultdict(list)
    for annotation in content["annotations"]:
        by_image[annotation.get("image_id")].append(annotation)
    annotations = []
    for image_id, of_image in by_image.items():
        rectangles = [a["bbox"] for a in of_image if not a.get("keypoints") and "bbox" in a]
        for annotation in of_image:
            if annotation.get("keypoints"):
                box = _drawn_box(annotation, rectangles, f"{origin}: image {image_id}")
                annotations.append(annotation if box is None else annotation | {"bbox": box})
    unlabelled = {image.get("id") for image in content["images"] if image.get("width") is None} - by_image.keys()
    # Without a size: the reader takes the upright picture's.
    images = [
        image | {"upright": True, "width": None} for image in content["images"] if image.get("id") not in unlabelled
    ]
    return content | {"images": images, "annotations": annotations}


def _drawn_box(annotation: Json, rectangles: list[list[float]], place: str) -> list[float] | None:
    """The smallest rectangle that holds all points of an annotation; None if there is none.

    Raises:
        DataError: if several rectangles hold some of the points each: these are points of several persons.
    """
    points = _labelled(annotation)
    if len(points) == 0:
        return None
    held = [_inside(points, box) for box in rectangles]
    whole = [box for box, inside in zip(rectangles, held, strict=True) if inside.all()]
    if whole:
        return min(whole, key=lambda box: box[2] * box[3])
    if sum(inside.any() for inside in held) > 1:
        raise DataError(
            f"{place}: several rectangles hold some of its keypoints each, but Label Studio's COCO export makes one "
            f"person of all keypoints of a picture: export YOLO, which keeps persons apart"
        )
    return None


def _with_wide_box(annotation: Json, size: tuple[Any, Any] | None) -> Json:
    """Widen the box if it is nothing but the points' extent; estimate the area of a person without an outline."""
    points = _labelled(annotation)
    box = annotation.get("bbox")
    if len(points) == 0 or box is None or size is None:
        return annotation
    extent = [*points.min(axis=0), *(points.max(axis=0) - points.min(axis=0))]
    if np.abs(np.subtract(extent, box)).max() <= _EXTENT_TOLERANCE_PX:
        width, height = (np.inf if side is None else side for side in size)
        box = list(box_around(points, np.full(len(points), 2), width, height))
    changed = annotation | {"bbox": box}
    return changed if annotation.get("segmentation") else changed | {"area": estimated_area(tuple(box))}


def _labelled(annotation: Json) -> np.ndarray:
    """float64 [labelled points, 2]; none where the list is not one of whole points, which the reader refuses."""
    try:
        points = number_array(annotation.get("keypoints") or [], "keypoints").reshape(-1, 3)
    except ValueError:
        return np.zeros((0, 2))
    return points[points[:, 2] > 0, :2]


def _inside(points: np.ndarray, box: list[float]) -> np.ndarray:
    """bool [points]: within a box x, y, width, height, its edge included (and the rounding of the points)."""
    corner, size = np.array(box[:2]), np.array(box[2:])
    return ((points >= corner - 0.5) & (points <= corner + size + 0.5)).all(axis=1)
