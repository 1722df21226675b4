"""A picture whose content says where its two points are."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from movenet.data.records import PersonRecord, PictureRecord
from movenet.skeleton import Skeleton

PAIR = Skeleton.from_dict(
    {
        "keypoints": [
            {"name": "left", "sigma": 0.1, "mirror": "right"},
            {"name": "right", "sigma": 0.1, "mirror": "left"},
        ]
    }
)
SIDE_PX = 240
DISC_PX = 9
# Of the left and of the right point's disc.
COLOURS_BGR = ((255, 0, 0), (0, 0, 255))


def marked_picture(folder: Path, points_px: np.ndarray) -> PictureRecord:
    """Black, with a blue disc on the left point and a red disc on the right one."""
    image = np.zeros((SIDE_PX, SIDE_PX, 3), np.uint8)
    for point, colour in zip(points_px, COLOURS_BGR, strict=True):
        # OpenCV draws around pixel CENTERS; 4 fractional bits.
        center = tuple(round((value - 0.5) * 16) for value in point)
        cv2.circle(image, center, DISC_PX * 16, colour, -1, cv2.LINE_AA, shift=4)
    path = folder / "marks.png"
    cv2.imwrite(str(path), image)
    left, top = points_px.min(axis=0)
    width, height = points_px.max(axis=0) - points_px.min(axis=0)
    person = PersonRecord(
        1, (left, top, width, height), width * height, points_px.astype(np.float32), np.full(2, 2, np.int8)
    )
    return PictureRecord(1, path, SIDE_PX, SIDE_PX, (person,))


def centroid_px(brightness: np.ndarray) -> np.ndarray:
    """[2], x and y: the middle of what is bright in a [height, width] array, from its top left corner."""
    ys, xs = np.mgrid[: brightness.shape[0], : brightness.shape[1]] + 0.5
    weights = brightness.astype(np.float64) / brightness.sum()
    return np.array([(xs * weights).sum(), (ys * weights).sum()])
