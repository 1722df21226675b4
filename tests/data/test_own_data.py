"""The way from own data to a trained network: the commands of docs/own-data.md, and three formats in one run."""

from __future__ import annotations

import csv
import json
import re
import shlex
import shutil
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
import yaml

from movenet.cli import load_command, main, run_command
from movenet.data.coco import read_coco
from movenet.data.conversion import write_set
from movenet.data.formats import FORMATS, FormatName
from movenet.data.keypoint_map import source_columns
from movenet.models import load_network
from movenet.skeleton import COCO17
from movenet.training.command import main as train
from tests.data.small_sets import coco_content
from tests.data.small_sets import write_set as write_coco_set
from tests.data.test_keypoint_map import LSP

pytestmark = pytest.mark.slow

REPOSITORY = Path(__file__).parents[2]
PAGE = (REPOSITORY / "docs" / "own-data.md").read_text(encoding="utf-8")
# A run of seconds: what is added to the page's own training command.
SHORT_RUN = {
    "model.input_size": 64,
    "data.workers": 0,
    "optimisation.epochs": 2,
    "optimisation.batch_size": 4,
    "hardware.accelerator": "cpu",
    "hardware.threads": 1,
}
SHORT_OPTIONS = [f"--{key}={value}" for key, value in SHORT_RUN.items()]


def written_in(folder: Path, target: FormatName, num_pictures: int, seed: int) -> dict[str, Any]:
    """A set of random persons in a format, as a config names it relative to the folder's parent."""
    annotations, images = write_coco_set(folder, coco_content(num_pictures, seed), seed)
    place = {"coco": "annotations.json", "yolo": "yolo/data.yaml", "labelme": "labels"}[target]
    if target != "coco":
        write_set(target, folder / Path(place).parts[0], read_coco(annotations, images, COCO17), images, COCO17)
    of_images = "yolo/images/train" if target == "yolo" else "images"
    name = folder.name
    return {"annotations": f"{name}/{place}", "images": f"{name}/{of_images}", "format": target}


def losses(run: Path) -> list[float]:
    with (run / "metrics" / "version_0" / "metrics.csv").open() as file:
        return [float(row["train/heatmap"]) for row in csv.DictReader(file) if row["train/heatmap"]]


def test_yolo_labelme_and_coco_train_together(tmp_path: Path) -> None:
    sets = [written_in(tmp_path / f"{target}_set", target, 4, seed) for seed, target in enumerate(FORMATS)]
    run = tmp_path / "run"
    options = {"output": run, "data.root": tmp_path, "data.train": json.dumps(sets), "model.name": "shufflenet_v2_x0_5"}
    options |= {"data.pose_balance.clusters": 3} | {f"data.dev.{key}": value for key, value in sets[1].items()}
    options |= {f"augmentation.fit_scale_to.{key}": value for key, value in sets[2].items()}
    assert train([*(f"--{key}={value}" for key, value in options.items()), *SHORT_OPTIONS]) == 0
    assert load_network(run / "best.ckpt")[1].skeleton == COCO17
    assert len(losses(run)) == 2
    assert all(np.isfinite(losses(run)))
    checksums = json.loads((run / "provenance.json").read_text())["annotations_sha256"]
    assert len(set(checksums.values())) == 3


def page_commands() -> list[list[str]]:
    """The walk's commands, in order."""
    walk = PAGE.partition("## From videos")[2].partition("## Formats")[0]
    return [shlex.split(line) for line in re.findall(r"^    ((?:movenet|python) .*)$", walk, re.MULTILINE)]


def write_video(path: Path, seed: int) -> None:
    """Ten seconds of an own picture each."""
    rng = np.random.default_rng(seed)
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"mp4v"), 10, (160, 120))
    for _ in range(10):
        coarse = rng.integers(0, 256, (12, 16, 3), np.uint8)
        for _ in range(10):
            writer.write(cv2.resize(coarse, (160, 120), interpolation=cv2.INTER_CUBIC))
    writer.release()


def label_by_hand(folder: Path) -> None:
    """labelme files for pictures, as an annotator would leave them."""
    labels = folder / "labels"
    labels.mkdir()
    rng = np.random.default_rng(0)
    for picture in sorted((folder / "images").iterdir()):
        places = zip(COCO17.names, rng.uniform([10, 10], [150, 110], (COCO17.num_keypoints, 2)).tolist(), strict=True)
        shapes = [{"label": name, "points": [place], "shape_type": "point"} for name, place in places]
        content = {"shapes": shapes, "imagePath": picture.name, "imageWidth": 160, "imageHeight": 120}
        (labels / f"{picture.stem}.json").write_text(json.dumps(content))


def send_half_to_review(labels: Path) -> None:
    """A network of random weights is unsure of nothing that could be foreseen."""
    keep = json.loads((labels / "keep.json").read_text())
    assert len(keep["images"]) >= 4
    reviewed = {image["id"] for image in keep["images"][::2]}
    for name, chosen in (("keep", False), ("review", True)):
        images = [image for image in keep["images"] if (image["id"] in reviewed) is chosen]
        annotations = [a for a in keep["annotations"] if (a["image_id"] in reviewed) is chosen]
        (labels / f"{name}.json").write_text(json.dumps(keep | {"images": images, "annotations": annotations}))


def run_line(words: list[str], weights: Path) -> int:
    """One command of the page, with a small network of random weights; as a teacher it is believed whatever it says."""
    program, *arguments = words
    if program == "movenet":
        if arguments[1] == "prelabel":
            arguments += [
                "--weights",
                str(weights),
                "--min-score",
                "0",
                "--max-disagreement",
                "2",
                "--person-score",
                "1",
            ]
        return main(arguments)
    script, *arguments = arguments
    if script == "train.py":
        start = ["--model.name=shufflenet_v2_x0_5", f"--model.initial_weights={weights}"]
        return train([*arguments, *start, *SHORT_OPTIONS])
    assert script == "evaluate.py"
    return run_command(load_command("evaluate"), arguments)


def test_the_walk_of_the_page(tmp_path: Path, tiny_checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "configs").symlink_to(REPOSITORY / "configs")
    recipes = re.findall(r"```yaml\n(data:.*?)```", PAGE, re.DOTALL)
    for name, recipe in zip(("own.yaml", "more.yaml"), recipes, strict=True):
        (tmp_path / name).write_text(recipe)
    write_video(tmp_path / "monday.mp4", 0)
    write_video(tmp_path / "friday.mp4", 1)
    for seed, name in enumerate(("train", "dev")):
        coco, _ = write_coco_set(tmp_path / "coco", coco_content(seed=seed), seed)
        coco.rename(tmp_path / "coco" / f"{name}.json")
    commands = page_commands()
    assert len(commands) >= 9
    for words in commands:
        assert run_line(words, tiny_checkpoint) == 0, shlex.join(words)
        if words[:4] == ["movenet", "data", "prelabel", "own/images"]:
            send_half_to_review(tmp_path / "own" / "labels")
        if words[:3] == ["movenet", "data", "review"]:
            # What a browser saves is tests/data/test_review.py's.
            shutil.copy(tmp_path / "own" / "labels" / "review.json", tmp_path / "own" / "labels" / "reviewed.json")
        if words[-1] == "dev/images" and "frames" in words:
            label_by_hand(tmp_path / "dev")
    for run in ("own", "more"):
        assert load_network(tmp_path / "runs" / run / "best.ckpt")[1].input_size == 64
    assert all((tmp_path / name).is_file() for name in ("check.json", "show.png", "stats.png"))


def test_the_maps_of_the_page_fit_the_sets_they_are_for() -> None:
    lsp, mpii = yaml.safe_load(re.findall(r"```yaml\n(# Leeds.*?)```", PAGE, re.DOTALL)[0])
    # http://human-pose.mpi-inf.mpg.de: the order of its joints.
    mpii_names = [
        *("right_ankle", "right_knee", "right_hip", "left_hip", "left_knee", "left_ankle"),
        *("pelvis", "thorax", "upper_neck", "head_top"),
        *("right_wrist", "right_elbow", "right_shoulder", "left_shoulder", "left_elbow", "left_wrist"),
    ]
    lsp_names = [name.lower().replace(" ", "_") for name in LSP]
    for entry, names in ((lsp, lsp_names), (mpii, mpii_names)):
        columns = source_columns(COCO17, None, len(names), entry["keypoints"], "page")
        named = {COCO17.names[k]: names[column] for k, column in enumerate(columns) if column >= 0}
        assert len(named) == 12
        assert all(ours == theirs for ours, theirs in named.items())
