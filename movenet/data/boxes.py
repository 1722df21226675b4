"""A person's box and area where a set gives only points."""

from __future__ import annotations

import numpy as np

from movenet.data.records import Box, Visibility

# Points lie inside the body: head, hands and feet reach about a tenth of the extent beyond them.
MARGIN_SHARE = 0.1
# COCO's area is the segmented person's; this is its usual share of the box.
AREA_SHARE = 0.53


def box_around(points_px: np.ndarray, visibility: np.ndarray, width_px: float, height_px: float) -> Box:
    """The extent of the labelled points, widened by a tenth on each side, inside the picture.

    Args:
        points_px: float [K, 2].
        visibility: int [K], values of `Visibility`.
        width_px, height_px: of the picture.

    Raises:
        ValueError: if no point is labelled.
    """
    labelled = points_px[visibility > Visibility.UNLABELLED].astype(np.float64)
    if len(labelled) == 0:
        raise ValueError("no box, and no labelled point that it could be drawn around")
    smallest, largest = labelled.min(axis=0), labelled.max(axis=0)
    # Points in one straight line still belong to a body that has some width.
    margin = MARGIN_SHARE * np.maximum(largest - smallest, 0.25 * (largest - smallest).max())
    smallest = np.clip(smallest - margin, 0, (width_px, height_px))
    largest = np.clip(largest + margin, 0, (width_px, height_px))
    left, top, right, bottom = (float(value) for value in (*smallest, *largest))
    return left, top, right - left, bottom - top


def overlap(first: Box, second: Box) -> float:
    """What two boxes have in common as a share of what they cover together, 0..1."""
    left, top = max(first[0], second[0]), max(first[1], second[1])
    right, bottom = min(first[0] + first[2], second[0] + second[2]), min(first[1] + first[3], second[1] + second[3])
    common = max(0.0, right - left) * max(0.0, bottom - top)
    covered = first[2] * first[3] + second[2] * second[3] - common
    return common / covered if covered > 0 else 0.0


def estimated_area(box: Box) -> float:
    """Area for OKS of a person whose outline is not known, in square pixels."""
    return AREA_SHARE * box[2] * box[3]
