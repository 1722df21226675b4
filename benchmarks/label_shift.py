"""How far a network's answers lie beside a set's labels, to the right and below: whether labels count pixels.

    python benchmarks/label_shift.py --weights weights/default --annotations coco/dev.json --images coco/images

Cropped protocol. Points farther than 8 px of 192 from their label count in nothing: these are mistakes. See
`labels.shift_px` in docs/training.md.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path

import numpy as np

from movenet.data.coco import read_coco
from movenet.data.records import Visibility
from movenet.metrics import default_min_keypoints, select_persons
from movenet.metrics.prediction import predict
from movenet.runtimes import create_runtime

LIMIT_SHARE = 8 / 192


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="checkpoint, or exported model's folder")
    parser.add_argument("--annotations", type=Path, required=True, help="COCO json")
    parser.add_argument("--images", type=Path, required=True)
    arguments = parser.parse_args()
    runtime = create_runtime(arguments.weights)
    skeleton = runtime.metadata.skeleton
    pictures = read_coco(arguments.annotations, arguments.images, skeleton)
    persons = select_persons(pictures, "cropped", default_min_keypoints(skeleton))
    labels_px = np.stack([one.person.points_px for one in persons])
    labelled = np.stack([one.person.visibility > Visibility.UNLABELLED for one in persons])
    sides_px = np.array([one.square.side_px for one in persons])[:, None, None]
    beside_px = predict(persons, runtime).points_px[..., :2] - labels_px
    near = labelled & (np.linalg.norm(beside_px / sides_px, axis=2) < LIMIT_SHARE)
    for unit, beside in (("px of the picture", beside_px), ("px of 192", beside_px / sides_px * 192)):
        x, y = np.median(beside[near], axis=0)
        print(f"median of {near.sum()} points: {x:+.2f} to the right, {y:+.2f} down ({unit})")


if __name__ == "__main__":
    main()
