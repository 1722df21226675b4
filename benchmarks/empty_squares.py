"""How often somebody is seen where nobody is: squares beside the persons of a set's pictures.

    python benchmarks/empty_squares.py --annotations coco/dev.json --images coco/images --weights weights/default

Tracking follows a pose as `movenet.tracking.next_square` decides. The pictures' persons, each in its own square, are
beside it: a network that sees nobody anywhere would be no better. Persons that nobody annotated may be in the squares.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from rich.progress import track

from movenet.data.coco import read_coco
from movenet.data.empty_squares import empty_square
from movenet.data.pictures import read_annotated
from movenet.data.records import PictureRecord
from movenet.estimator import PoseEstimator
from movenet.geometry import Square, person_square
from movenet.metrics import default_min_keypoints, select_persons
from movenet.skeleton import COCO17
from movenet.tracking import next_square

Look = tuple[PictureRecord, Square]


def measure(estimator: PoseEstimator, looks: Sequence[Look]) -> str:
    """Two cells of the table: share of the squares that tracking would follow, and the mean of all scores."""
    followed, scores = [], []
    for picture, square in looks:
        keypoints = estimator(read_annotated(picture), square).keypoints
        followed.append(next_square(keypoints, picture.width_px, picture.height_px) is not None)
        scores.append(keypoints[:, 2].mean())
    return f"{np.mean(followed):.0%} | {np.mean(scores):.2f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--annotations", type=Path, nargs="+", required=True, help="COCO keypoints json files")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures that they name")
    parser.add_argument("--weights", type=Path, nargs="+", required=True, help="models to measure")
    arguments = parser.parse_args()

    pictures = [picture for path in arguments.annotations for picture in read_coco(path, arguments.images, COCO17)]
    found = ((picture, empty_square(picture, COCO17.num_keypoints)) for picture in pictures)
    empty = [(picture, person_square(nobody.box_px, 1.0)) for picture, nobody in found if nobody is not None]
    persons = select_persons(pictures, "cropped", default_min_keypoints(COCO17))
    somebody = [(person.picture, person.square) for person in persons]
    rows = []
    for weights in track(arguments.weights, "measuring"):
        estimator = PoseEstimator(weights)
        rows.append(f"| {weights.name} | {measure(estimator, somebody)} | {measure(estimator, empty)} |")
    print(f"{len(somebody)} persons, {len(empty)} squares without anybody\n")
    print("| model | persons followed | mean score | squares without anybody followed | mean score |")
    print("|---|---:|---:|---:|---:|")
    print("\n".join(rows))


if __name__ == "__main__":
    main()
