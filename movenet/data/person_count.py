"""How many persons a picture shows, by the heatmaps of a network that points out one of them.

The heatmaps are taught all persons' keypoints. With two persons most of them have two peaks, and with one person hardly
ever: a single joint may be taken for another one, most joints are not. `benchmarks/person_count.py` measures how often
that is right; counting peaks of the center map, or distinct poses decoded from them, was right less often.
"""

from __future__ import annotations

import cv2
import numpy as np

# Lower ones are more often a joint taken for another than a second person's: chosen on COCO photographs.
DEFAULT_PERSON_SCORE = 0.08
# Two peaks nearer than this are one, with a notch.
_REACH_CELLS = 3


def count_persons(heatmap: np.ndarray, min_score: float) -> int:
    """The median over the keypoints of how many peaks their heatmaps have.

    Args:
        heatmap: float32 [K, G, G], 0..1, of one picture.
        min_score: of a peak that counts, above 0.
    """
    return int(np.median([_peaks(channel, min_score) for channel in heatmap]))


def _peaks(channel: np.ndarray, min_score: float) -> int:
    """Number of places [G, G] that nothing around them exceeds; a flat top is one."""
    around = np.ones((2 * _REACH_CELLS + 1, 2 * _REACH_CELLS + 1), np.uint8)
    tops = (channel >= cv2.dilate(channel, around)) & (channel >= min_score)
    return int(cv2.connectedComponents(tops.astype(np.uint8))[0]) - 1
