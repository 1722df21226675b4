"""The table of the model card: every model on every split, cropped, by what `evaluate.py` does.

    python benchmarks/accuracy.py --data YOUR_DATA --weights weights/default [MORE ...] [--json accuracy.json]

A model is an exported folder (run by ncnn) or a checkpoint (run by torch). The splits are `SET/SPLIT.json` with
pictures in `SET/images` under the data's folder; those that are not there are left out.
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataclasses import dataclass
from pathlib import Path
from typing import Any

from movenet.data.coco import read_coco
from movenet.metrics import compute_metrics, default_min_keypoints, select_persons
from movenet.metrics.prediction import predict
from movenet.runtimes import Runtime, create_runtime


@dataclass(frozen=True)
class Split:
    """One row of the table."""

    name: str
    annotations: str
    images: str
    single_person: bool = False


SPLITS = (
    Split("coco dev, one person", "coco/dev.json", "coco/images", single_person=True),
    Split("coco dev, every person", "coco/dev.json", "coco/images"),
    Split("coco val, one person", "coco/val.json", "coco/images", single_person=True),
    Split("coco val, every person", "coco/val.json", "coco/images"),
    Split("lspet val", "lspet/val.json", "lspet/images"),
    Split("mpii val", "mpii/val.json", "mpii/images"),
)
FIGURES = ("pck_5px", "pck_torso_0.2", "oks_ap")


def measure(runtime: Runtime, split: Split, data: Path) -> dict[str, Any]:
    """The figures of one model on one split, under the keys of `evaluate.py --json`."""
    skeleton = runtime.metadata.skeleton
    pictures = read_coco(data / split.annotations, data / split.images, skeleton)
    persons = select_persons(pictures, "cropped", default_min_keypoints(skeleton), split.single_person)
    return compute_metrics(persons, predict(persons, runtime).points_px, skeleton).to_dict()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--weights", type=Path, nargs="+", required=True, help="models to measure")
    parser.add_argument("--json", type=Path, help="write all figures, per keypoint too, to this file")
    arguments = parser.parse_args()

    runtimes = {weights: create_runtime(weights) for weights in arguments.weights}
    splits = [split for split in SPLITS if (arguments.data / split.annotations).is_file()]
    found: dict[str, dict[str, Any]] = {split.name: {} for split in splits}
    print("| split | persons |", " | ".join(f"{weights.name}" for weights in runtimes), "|")
    print("|---|---:|", "|".join("---:" for _ in runtimes), "|", sep="")
    for split in splits:
        for weights, runtime in runtimes.items():
            found[split.name][str(weights)] = measure(runtime, split, arguments.data)
        rows = list(found[split.name].values())
        cells = (" / ".join(f"{row[key]:.1f}" for key in FIGURES) for row in rows)
        print(f"| {split.name} | {rows[0]['persons']} |", " | ".join(cells), "|", flush=True)
    if arguments.json:
        arguments.json.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
