"""What is wrong with the points that are wrong, and what it costs.

The kinds of errors are those of Ronchi and Perona, "Benchmarking and Error Diagnosis in Multi-Instance Pose
Estimation", ICCV 2017, section 3.1, told apart by the keypoint's similarity, one summand of OKS.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from movenet.metrics.oks import NEAR_SIMILARITY, GroundTruth, keypoint_similarity, oks_figures
from movenet.skeleton import Skeleton

# Similarity from which a point is right; the paper's.
RIGHT_SIMILARITY = 0.85

RIGHT, UNLABELLED = "right", ""
# jitter: near, but not right. inversion: at this person's mirrored keypoint. swap: at another person's keypoint, this
# one or the mirrored one. miss: none of these.
ERRORS = ("jitter", "inversion", "swap", "miss")


@dataclass(frozen=True)
class ErrorFigures:
    """One kind of error, in percent, None where nothing could be counted.

    Attributes:
        share: of the labelled points.
        ap_without: the OKS AP if these points lay where they should.
    """

    share: float | None
    ap_without: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the keys of the evaluation's json."""
        return {"share": self.share, "oks_ap_without": self.ap_without}


def diagnose(predictions: np.ndarray, truth: GroundTruth, skeleton: Skeleton) -> dict[str, ErrorFigures]:
    """The figures of each kind, in the order of `ERRORS`; arguments as those of `oks_figures`."""
    kinds = classify(predictions[..., :2], truth, skeleton)
    labelled = np.count_nonzero(truth.labelled)
    found = {}
    for error in ERRORS:
        wrong = kinds == error
        mended = predictions.copy()
        mended[wrong, :2] = truth.points_px[wrong]
        share = 100 * np.count_nonzero(wrong) / labelled if labelled else None
        found[error] = ErrorFigures(share, oks_figures(mended, truth, skeleton).ap)
    return found


def classify(places_px: np.ndarray, truth: GroundTruth, skeleton: Skeleton) -> np.ndarray:
    """str [P, K]: `RIGHT`, one of `ERRORS`, or `UNLABELLED`, of predicted places, float [P, K, 2]."""
    mirror = skeleton.mirror_permutation
    own = keypoint_similarity(places_px, truth, truth.points_px, truth.labelled, skeleton)
    inverted = keypoint_similarity(places_px, truth, truth.points_px[:, mirror], truth.labelled[:, mirror], skeleton)
    others = np.zeros_like(own)
    for image in np.unique(truth.image_ids):
        together = np.flatnonzero(truth.image_ids == image)
        for shift in range(1, len(together)):
            other = np.roll(together, shift)
            points, labelled = truth.points_px[other], truth.labelled[other]
            here, them = places_px[together], truth.subset(together)
            for channels in (slice(None), mirror):
                similarity = keypoint_similarity(here, them, points[:, channels], labelled[:, channels], skeleton)
                others[together] = np.maximum(others[together], similarity)
    kinds = np.full(own.shape, "miss", dtype="<U9")
    kinds[others >= NEAR_SIMILARITY] = "swap"
    kinds[inverted >= NEAR_SIMILARITY] = "inversion"
    kinds[own >= NEAR_SIMILARITY] = "jitter"
    kinds[own >= RIGHT_SIMILARITY] = RIGHT
    kinds[~truth.labelled] = UNLABELLED
    return kinds
