"""PCK: the percentage of labelled keypoints that were found closer than a limit to where they are.

Two limits are in use here. The article's is in pixels of the network's input, the other is a share of the person's
torso (Yang and Ramanan, "Articulated Human Detection with Flexible Mixtures of Parts", PAMI 2013; the torso's diagonal
as in Sapp and Taskar, "MODEC", CVPR 2013). A distance that equals the limit is a miss.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from movenet.skeleton import Skeleton

# The article counts in pixels of a 192 pixel input. The figure is part of the metric, not of the network: networks of
# other input sizes are measured as if their input square were scaled to it.
ARTICLE_INPUT_PX = 192
ARTICLE_LIMIT_PX = 5.0
TORSO_SHARE = 0.2


@dataclass(frozen=True)
class Pck:
    """Percentages of hits, 0..100; None where no point was counted.

    Attributes:
        overall: over all counted points of all persons together.
        per_keypoint: the same for each keypoint, in channel order.
    """

    overall: float | None
    per_keypoint: tuple[float | None, ...]


def pck(predicted_px: np.ndarray, points_px: np.ndarray, labelled: np.ndarray, limits_px: np.ndarray) -> Pck:
    """Share of labelled points whose predicted place is nearer than their person's limit.

    Args:
        predicted_px: float [P, K, 2].
        points_px: float [P, K, 2], the labelled places.
        labelled: bool [P, K].
        limits_px: float [P], in pixels of the picture; a person with NaN is left out.
    """
    distances_px = np.linalg.norm(predicted_px - points_px, axis=2)
    hits = distances_px < limits_px[:, np.newaxis]
    counted = labelled & ~np.isnan(limits_px)[:, np.newaxis]
    per_keypoint = tuple(_hit_rate(hits[:, k], counted[:, k]) for k in range(labelled.shape[1]))
    return Pck(_hit_rate(hits, counted), per_keypoint)


def article_limits_px(sides_px: np.ndarray) -> np.ndarray:
    """[P] sides of the squares that were the network's input -> [P] the article's limit in pixels of the picture."""
    return ARTICLE_LIMIT_PX / ARTICLE_INPUT_PX * sides_px


def torso_limits_px(points_px: np.ndarray, labelled: np.ndarray, skeleton: Skeleton) -> np.ndarray:
    """A fifth of each person's torso diagonal, the distance between the skeleton's two torso points.

    Args:
        points_px: float [P, K, 2], the labelled places.
        labelled: bool [P, K].

    Returns:
        [P], in pixels of the picture. NaN for a person whose torso cannot be measured: one of its two points is
        unlabelled, or both are at the same place; for everybody, if the skeleton has no torso.
    """
    if skeleton.torso is None:
        return np.full(len(points_px), np.nan)
    first, second = (skeleton.index(name) for name in skeleton.torso)
    diagonals_px = np.linalg.norm(points_px[:, first] - points_px[:, second], axis=1)
    measurable = labelled[:, first] & labelled[:, second] & (diagonals_px > 0)
    return np.where(measurable, TORSO_SHARE * diagonals_px, np.nan)


def _hit_rate(hits: np.ndarray, counted: np.ndarray) -> float | None:
    return 100.0 * float(hits[counted].mean()) if counted.any() else None
