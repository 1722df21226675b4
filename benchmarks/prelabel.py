"""How far `movenet data prelabel` is to be believed: its labels beside a person's, picture by picture.

    python benchmarks/prelabel.py --labels own/labels --annotations mpii/train.json --images mpii/images

The pictures that were labelled must have the names of the annotated ones, and one person each.
"""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from movenet.data.coco import read_coco
from movenet.data.labels import TEACHER_CROP_SCALE
from movenet.data.prelabel import Verdict
from movenet.data.records import PersonRecord, Visibility
from movenet.skeleton import COCO17

# A label and the teacher's answer are of one place up to this share of the teacher's crop.
NEAR_SHARE = 0.1


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--labels", type=Path, required=True, help="folder that prelabel wrote")
    parser.add_argument("--annotations", type=Path, required=True, help="COCO json of a person's labels")
    parser.add_argument("--images", type=Path, required=True)
    arguments = parser.parse_args()
    pictures = read_coco(arguments.annotations, arguments.images, COCO17)
    by_hand = {picture.path.name: picture.persons[0] for picture in pictures if len(picture.persons) == 1}
    for verdict in (Verdict.KEEP, Verdict.REVIEW):
        labelled = read_coco(arguments.labels / f"{verdict.value}.json", arguments.images, COCO17)
        pairs = [(p.persons[0], by_hand[p.path.name]) for p in labelled if p.path.name in by_hand]
        sure, unsure = (np.concatenate([near(*pair, sure=of_sure) for pair in pairs]) for of_sure in (True, False))
        print(
            f"{verdict.value}: {len(pairs)} pictures; within {NEAR_SHARE:g} of the crop's side: {sure.mean():.1%} of "
            f"{len(sure)} sure points, {unsure.mean():.1%} of {len(unsure)} others"
        )


def near(teacher: PersonRecord, person: PersonRecord, sure: bool) -> np.ndarray:
    """bool [points labelled by hand and (un)sure]: whether the teacher's answer is near the label."""
    assert teacher.teacher_points_px is not None
    distance = np.linalg.norm(teacher.teacher_points_px - person.points_px, axis=1)
    is_sure = teacher.visibility > Visibility.UNLABELLED
    chosen = (person.visibility > Visibility.UNLABELLED) & (is_sure == sure)
    return distance[chosen] <= NEAR_SHARE * TEACHER_CROP_SCALE * max(person.box_px[2:])


if __name__ == "__main__":
    main()
