"""Small annotation sets that the tests of data and training write."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from movenet.skeleton import COCO17, Skeleton


def coco_annotation(
    annotation_id: int, image_id: int, points_px: np.ndarray, visibility: np.ndarray, **changes: Any
) -> dict[str, Any]:
    """One person with a box tight around its labelled points."""
    labelled = points_px[visibility > 0]
    left, top = labelled.min(axis=0)
    width, height = labelled.max(axis=0) - labelled.min(axis=0)
    keypoints = np.column_stack([points_px, visibility]).reshape(-1).tolist()
    return {
        "id": annotation_id,
        "image_id": image_id,
        "category_id": 1,
        "iscrowd": 0,
        "bbox": [float(left), float(top), float(width), float(height)],
        "area": float(width * height),
        "keypoints": keypoints,
    } | changes


def coco_content(num_pictures: int = 4, seed: int = 0, skeleton: Skeleton = COCO17) -> dict[str, Any]:
    """A COCO keypoints json of random persons, one a picture of 120 x 100 pixels."""
    rng = np.random.default_rng(seed)
    count = skeleton.num_keypoints
    images = [{"id": i, "file_name": f"{i}.png", "width": 120, "height": 100} for i in range(num_pictures)]
    annotations = [
        coco_annotation(100 + i, i, rng.uniform([20, 10], [100, 90], (count, 2)), np.full(count, 2))
        for i in range(num_pictures)
    ]
    category = {"id": 1, "name": "person", "keypoints": list(skeleton.names)}
    return {"images": images, "annotations": annotations, "categories": [category]}


def write_set(folder: Path, content: dict[str, Any], seed: int = 0) -> tuple[Path, Path]:
    """Write the json and noise for its pictures; returns the paths of both."""
    rng = np.random.default_rng(seed)
    images = folder / "images"
    images.mkdir(parents=True, exist_ok=True)
    for image in content["images"]:
        noise = rng.integers(0, 256, (image["height"], image["width"], 3), np.uint8)
        cv2.imwrite(str(images / image["file_name"]), noise)
    annotations = folder / "annotations.json"
    annotations.write_text(json.dumps(content))
    return annotations, images
