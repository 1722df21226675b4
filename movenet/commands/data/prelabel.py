"""`movenet data prelabel`: a teacher network labels pictures, and says which of its labels to believe."""

from __future__ import annotations

import argparse
import dataclasses
from pathlib import Path

import numpy as np

from movenet.commands.data.selection import progress_bar
from movenet.data.coco_writer import write_coco
from movenet.data.labels import LabelRules
from movenet.data.person_count import DEFAULT_PERSON_SCORE, count_persons
from movenet.data.pictures import read_picture
from movenet.data.prelabel import Look, PrelabelRules, Verdict, ask_teacher, judge, labelled_picture
from movenet.data.records import PictureRecord
from movenet.decoding import decode
from movenet.errors import ConfigError, DataError
from movenet.outputs import new_folder
from movenet.runtimes import create_runtime, runtime_names
from movenet.sources import PICTURE_SUFFIXES

NAME = "prelabel"
HELP = "Label pictures of one person each by a network; keep, review or reject by how sure it is, and of how many."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    rules = PrelabelRules()
    parser.add_argument("images", type=Path, help="folder of the pictures (its sub-folders are left alone)")
    parser.add_argument(
        "--weights", type=Path, required=True, help="the teacher: checkpoint, or exported model's folder"
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="new folder for the labels")
    parser.add_argument(
        "--runtime", choices=runtime_names(), help="default: torch for a checkpoint file, ncnn for an exported model"
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of the network (default: %(default)s)")
    parser.add_argument(
        "--min-score",
        type=float,
        default=rules.teacher.teacher_min_score,
        help="of a sure point (default: %(default)s)",
    )
    parser.add_argument(
        "--max-disagreement",
        type=float,
        default=rules.teacher.teacher_max_disagreement,
        help="of a sure point: between picture and mirror image, as a share of the crop's side (default: %(default)s)",
    )
    parser.add_argument(
        "--person-score",
        type=float,
        default=DEFAULT_PERSON_SCORE,
        help="of a peak that tells of a person more; 1 finds none (default: %(default)s)",
    )
    parser.add_argument(
        "--keep-share", type=float, default=rules.keep_share, help="of sure points, to keep (default: %(default)s)"
    )
    parser.add_argument(
        "--review-share", type=float, default=rules.review_share, help="to review, not reject (default: %(default)s)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Label, judge, write; returns the exit status."""
    teacher_rules = dataclasses.replace(
        LabelRules(), teacher_min_score=arguments.min_score, teacher_max_disagreement=arguments.max_disagreement
    )
    rules = PrelabelRules(teacher_rules, arguments.keep_share, arguments.review_share)
    if not 0 < arguments.person_score <= 1:
        raise ConfigError(f"--person-score must lie above 0, up to 1, not {arguments.person_score:g}")
    paths = _pictures(arguments.images)
    runtime = create_runtime(arguments.weights, arguments.runtime, arguments.threads)
    skeleton, input_size = runtime.metadata.skeleton, runtime.metadata.input_size

    def answer(image: np.ndarray) -> Look:
        heads = runtime(image)
        return Look(decode(*heads), count_persons(heads.heatmap, arguments.person_score))

    labelled: dict[Verdict, list[PictureRecord]] = {Verdict.KEEP: [], Verdict.REVIEW: []}
    rejected: list[str] = []
    several = 0
    with progress_bar() as progress:
        for number, path in enumerate(progress.track(paths, description="labelling"), start=1):
            image = read_picture(path, upright=True)
            found = ask_teacher(image, answer, input_size, skeleton)
            verdict = judge(found, rules)
            if found is None or verdict is Verdict.REJECT:
                rejected.append(path.name)
            else:
                labelled[verdict].append(labelled_picture(path, image, number, found, rules))
                several += found.num_persons > 1
    with new_folder(arguments.output) as folder:
        for verdict, pictures in labelled.items():
            write_coco(folder / f"{verdict.value}.json", pictures, arguments.images, skeleton)
        (folder / "rejected.txt").write_text("".join(f"{name}\n" for name in rejected), encoding="utf-8")
    counts = {verdict.value: len(pictures) for verdict, pictures in labelled.items()} | {"reject": len(rejected)}
    listed = ", ".join(f"{verdict} {count}" for verdict, count in counts.items())
    print(f"{arguments.output}: {listed}; of those to review {several} show more than one person")
    return 0


def _pictures(folder: Path) -> list[Path]:
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder")
    paths = sorted(path for path in folder.iterdir() if path.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise DataError(f"{folder}: holds no pictures ({', '.join(PICTURE_SUFFIXES)})")
    return paths
