"""Poses without place and size, to be compared and grouped."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from movenet.errors import ConfigError


@dataclass(frozen=True)
class PoseBalance:
    """How far rare poses are drawn more often than they come.

    Attributes:
        clusters: number of groups that the training persons' poses are divided into; 0 draws all poses alike.
        strength: a pose's weight is the size of its group to the power of minus this: 1 draws every group as often as
            any other, 0 changes nothing.
    """

    clusters: int = 0
    strength: float = 0.5

    def __post_init__(self) -> None:
        if self.clusters < 0 or not 0 <= self.strength <= 1:
            raise ConfigError("pose_balance: needs clusters >= 0 and strength in 0..1")


def normalised_poses(points: np.ndarray, labelled: np.ndarray) -> np.ndarray:
    """Persons as vectors: moved to the middle of their labelled points, and of the same size.

    A point that is not labelled gets its mean place over the persons who have it, so that it makes nobody unlike
    the others.

    Args:
        points: float [N, K, 2].
        labelled: bool [N, K].

    Returns:
        float32 [N, 2K]; the mean distance of a person's labelled points from their middle is 1.
    """
    known = labelled[..., None]
    count = np.maximum(labelled.sum(axis=1), 1)[:, None]
    middle = (points * known).sum(axis=1) / count
    centered = (points - middle[:, None]) * known
    size = np.linalg.norm(centered, axis=2).sum(axis=1) / count[:, 0]
    scaled = centered / np.maximum(size, 1e-6)[:, None, None]
    mean = scaled.sum(axis=0) / np.maximum(labelled.sum(axis=0), 1)[:, None]
    return np.where(known, scaled, mean).reshape(len(points), -1).astype(np.float32)


def pose_clusters(poses: np.ndarray, clusters: int, seed: int) -> np.ndarray:
    """int64 [N]: the group of each pose, by k-means.

    Args:
        poses: float32 [N, 2K], as of `normalised_poses`.
        clusters: number of groups; not more than poses.
        seed: of the first centers.

    Raises:
        ConfigError: if there are more groups than poses.
    """
    if clusters > len(poses):
        raise ConfigError(f"{clusters} pose clusters need as many persons, not {len(poses)}")
    cv2.setRNGSeed(seed)
    ends = (cv2.TERM_CRITERIA_EPS + cv2.TERM_CRITERIA_MAX_ITER, 50, 1e-3)
    labels = np.zeros((len(poses), 1), np.int32)
    cv2.kmeans(poses, clusters, labels, ends, attempts=1, flags=cv2.KMEANS_PP_CENTERS)
    return labels[:, 0].astype(np.int64)


def balanced_weights(poses: np.ndarray, weights: np.ndarray, balance: PoseBalance, seed: int) -> np.ndarray:
    """Weights that draw rare poses more often.

    Args:
        poses: float32 [N, 2K], as of `normalised_poses`.
        weights: float [N], equal for all persons of a set.
        balance: how far.
        seed: of the groups.

    Returns:
        float [N]: persons of the same old weight have the same weight as before together, so that sets of unlike
        weights keep their shares.
    """
    groups = pose_clusters(poses, balance.clusters, seed)
    factors = np.bincount(groups)[groups] ** -balance.strength
    result = weights * factors
    for weight in np.unique(weights):
        of_weight = weights == weight
        result[of_weight] *= weight * of_weight.sum() / result[of_weight].sum()
    return result
