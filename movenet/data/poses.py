"""Poses without place and size, to be compared and grouped."""

from __future__ import annotations

import cv2
import numpy as np

from movenet.errors import ConfigError


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
