"""How often `movenet data prelabel` is right that a picture shows more than one person.

    python benchmarks/person_count.py --weights weights/default --annotations coco/val.json --images coco/images

A picture with more than one annotated person has more than one; others may have some that nobody annotated.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import cv2
import numpy as np

from movenet.data.coco import read_coco
from movenet.data.person_count import DEFAULT_PERSON_SCORE, count_persons
from movenet.data.pictures import read_annotated
from movenet.geometry import extract_square, letterbox_square
from movenet.runtimes import create_runtime
from movenet.skeleton import COCO17


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--weights", type=Path, required=True, help="checkpoint, or exported model's folder")
    parser.add_argument("--annotations", type=Path, required=True, help="COCO json")
    parser.add_argument("--images", type=Path, required=True)
    parser.add_argument("--person-score", type=float, default=DEFAULT_PERSON_SCORE, help="default: %(default)s")
    parser.add_argument("--list", action="store_true", help="name the pictures that it is wrong about")
    arguments = parser.parse_args()
    runtime = create_runtime(arguments.weights, "torch" if arguments.weights.is_file() else "ncnn")
    pictures = read_coco(arguments.annotations, arguments.images, COCO17)
    found = []
    for picture in pictures:
        square = letterbox_square(picture.width_px, picture.height_px)
        crop, _ = extract_square(read_annotated(picture), square, runtime.metadata.input_size)
        heads = runtime(cv2.cvtColor(crop, cv2.COLOR_BGR2RGB))
        found.append(count_persons(heads.heatmap, arguments.person_score) > 1)
    said = np.array(found)
    several = np.array([len(picture.persons) > 1 for picture in pictures])
    right = (said & several).sum()
    print(
        f"more than one person: said of {said.sum()} pictures, annotated in {several.sum()} of {len(pictures)}; "
        f"precision {right / max(said.sum(), 1):.1%}, recall {right / max(several.sum(), 1):.1%}"
    )
    if arguments.list:
        for picture, of_said in zip(pictures, found, strict=True):
            if of_said != (len(picture.persons) > 1):
                print(f"{picture.path.name}: {len(picture.persons)} annotated")


if __name__ == "__main__":
    main()
