"""Where tracking looks: our search and our rule beside MoveNet's own detector's, on videos that stand still.

    python benchmarks/tracking_square.py --annotations coco/dev.json --images coco/images --weights weights/default

Every picture with one person is a video of as many frames as there are looks. PCK at 0.2 of the torso / OKS AP of what
is known after the last look, in percent.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Callable
from pathlib import Path
from typing import Protocol

import numpy as np
from rich.progress import track

from movenet.data.coco import read_coco
from movenet.data.pictures import read_annotated
from movenet.estimator import PoseEstimator
from movenet.geometry import Square, letterbox_square
from movenet.metrics import EvaluationPerson, compute_metrics, default_min_keypoints, select_persons
from movenet.skeleton import COCO17
from movenet.tracking import SquareTracker, next_square

Rule = Callable[[np.ndarray, int, int], Square | None]


class Tracker(Protocol):
    """Where to look, and what is known; as `movenet.tracking.SquareTracker`."""

    def square(self, width_px: int, height_px: int) -> Square: ...

    def update(self, keypoints: np.ndarray, width_px: int, height_px: int) -> np.ndarray: ...


class WithoutSearch:
    """The whole frame first and whenever nobody is there; else where a rule says."""

    def __init__(self, rule: Rule) -> None:
        self._rule = rule
        self._square: Square | None = None

    def square(self, width_px: int, height_px: int) -> Square:
        return self._square or letterbox_square(width_px, height_px)

    def update(self, keypoints: np.ndarray, width_px: int, height_px: int) -> np.ndarray:
        self._square = self._rule(keypoints, width_px, height_px)
        return keypoints


SHOULDERS = [COCO17.index("left_shoulder"), COCO17.index("right_shoulder")]
HIPS = [COCO17.index("left_hip"), COCO17.index("right_hip")]


def torso_square(keypoints: np.ndarray, width_px: int, height_px: int) -> Square:
    """The rule of tfjs-models' pose-detection for MoveNet, without its low-pass filter of the square."""
    whole = letterbox_square(width_px, height_px)
    places, scores = keypoints[:, :2].astype(np.float64), keypoints[:, 2]
    if not ((scores[SHOULDERS] > 0.2).any() and (scores[HIPS] > 0.2).any()):
        return whole
    center = places[HIPS].mean(axis=0)
    reaches = np.abs(places - center).max(axis=1)
    half = max(1.9 * reaches[SHOULDERS + HIPS].max(), 1.2 * reaches[scores >= 0.2].max())
    half = min(half, max(center[0], width_px - center[0], center[1], height_px - center[1]))
    return whole if half > whole.side_px / 2 else Square(float(center[0]), float(center[1]), 2 * float(half))


WAYS: dict[str, Callable[[], Tracker]] = {
    "search, then around all points": SquareTracker,
    "around all points": lambda: WithoutSearch(next_square),
    "around the hips": lambda: WithoutSearch(torso_square),
}


def measure(
    estimator: PoseEstimator, persons: list[EvaluationPerson], way: Callable[[], Tracker], looks: list[int]
) -> list[str]:
    """A cell of the table for each number of looks."""
    known: dict[int, list[np.ndarray]] = {look: [] for look in looks}
    for person in persons:
        frame, tracker = read_annotated(person.picture), way()
        size_px = frame.shape[1], frame.shape[0]
        for look in range(1, max(looks) + 1):
            keypoints = tracker.update(estimator(frame, tracker.square(*size_px)).keypoints, *size_px)
            if look in looks:
                known[look].append(keypoints)
    cells = []
    for found in known.values():
        figures = compute_metrics(persons, np.array(found), estimator.metadata.skeleton).to_dict()
        cells.append(f"{figures['pck_torso_0.2']:.1f} / {figures['oks_ap']:.1f}")
    return cells


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotations", type=Path, required=True, help="COCO keypoints json file")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures that it names")
    parser.add_argument("--weights", type=Path, nargs="+", required=True, help="models to measure")
    parser.add_argument("--looks", type=int, nargs="+", default=[1, 5, 8], help="frames of the videos")
    arguments = parser.parse_args()

    pictures = read_coco(arguments.annotations, arguments.images, COCO17)
    persons = select_persons(pictures, "whole", default_min_keypoints(COCO17), single_person=True)
    rows = []
    for weights, (name, way) in track([(w, way) for w in arguments.weights for way in WAYS.items()], "measuring"):
        cells = measure(PoseEstimator(weights), persons, way, arguments.looks)
        rows.append(f"| {weights.name} | {name} | {' | '.join(cells)} |")
    print(f"{len(persons)} persons\n")
    print("| model | tracking | " + " | ".join(f"look {look}" for look in arguments.looks) + " |")
    print("|---|---|" + "---:|" * len(arguments.looks))
    print("\n".join(rows))


if __name__ == "__main__":
    main()
