"""What a point's score says: how right the points of each range of scores are."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from movenet.metrics.oks import NEAR_SIMILARITY, GroundTruth, keypoint_similarity
from movenet.skeleton import Skeleton

# Of a point's score. The last range has 1, and whatever a network may answer above it.
SCORE_EDGES = (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)


@dataclass(frozen=True)
class ScoreFigures:
    """The labelled points with a score in one range, in percent; None where there are none.

    Attributes:
        share: of all labelled points.
        score: mean.
        similarity: mean; as much as `score` if scores say how right points are.
        near: share of these points with a similarity of `NEAR_SIMILARITY` and more.
    """

    share: float | None
    score: float | None
    similarity: float | None
    near: float | None

    def to_dict(self) -> dict[str, Any]:
        """Plain values under the keys of the evaluation's json."""
        return {"share": self.share, "score": self.score, "similarity": self.similarity, "near": self.near}


def figures_by_score(predictions: np.ndarray, truth: GroundTruth, skeleton: Skeleton) -> dict[str, ScoreFigures]:
    """The figures of each range, by its name, in rising order; arguments as those of `oks_figures`."""
    similarities = keypoint_similarity(predictions[..., :2], truth, truth.points_px, truth.labelled, skeleton)
    scores, similarities = predictions[truth.labelled, 2], similarities[truth.labelled]
    numbers = np.clip(np.searchsorted(SCORE_EDGES, scores, side="right"), 1, len(SCORE_EDGES) - 1)
    found = {}
    for number, (low, high) in enumerate(pairwise(SCORE_EDGES), start=1):
        chosen = numbers == number
        figures = ScoreFigures(
            share=_percent(chosen),
            score=_percent(scores[chosen]),
            similarity=_percent(similarities[chosen]),
            near=_percent(similarities[chosen] >= NEAR_SIMILARITY),
        )
        found[f"{low:.1f} to {high:.1f}"] = figures
    return found


def _percent(shares: np.ndarray) -> float | None:
    return 100 * float(shares.mean()) if shares.size else None
