"""What unlabelled photographs are worth: MPII and LSP-extended with few of their labels, without and with the rest of
the pictures unlabelled, and with all labels. All three learn from equally many labelled samples, the unlabelled ones
come on top; the figures are of both val splits.

    python benchmarks/semi_supervised.py --data YOUR_DATA --start lightning.ckpt --input-size 128 --output runs/semi

The start must not have seen these labels (docs/semi-supervised.md tells how ours was made). `teacher_keypoints` of the
annotations are not used. Runs that have ended are not repeated: after a kill, the same command goes on.
"""

from __future__ import annotations

import argparse
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from movenet.data.coco import read_coco
from movenet.metrics import compute_metrics, default_min_keypoints, select_persons
from movenet.metrics.prediction import predict
from movenet.models import load_network, save_network
from movenet.models.notice import carry_notice
from movenet.runtimes import create_runtime
from movenet.training.command import main as train

SETS = ("mpii", "lspet")
FIGURES = ("pck_5px", "pck_torso_0.2", "oks_ap")
TARGETS = {"kernel": "gaussian", "radius_min_cells": 0.7, "radius_max_cells": 0.9, "offset_radius_cells": 1.5}
FEW, SEMI, ALL = "few labels", "few labels + unlabelled", "all labels"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the sets")
    parser.add_argument("--start", type=Path, required=True, help="checkpoint that every run starts from")
    parser.add_argument("--input-size", type=int, help="of the networks (default: the start's)")
    parser.add_argument("--output", type=Path, required=True, help="folder for splits, runs and figures.json")
    parser.add_argument("--share", type=float, default=0.05, help="of the labels that are kept (default: %(default)s)")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2], help="default: 0 1 2")
    parser.add_argument("--samples", type=int, default=4096, help="with labels, of each run (default: %(default)s)")
    parser.add_argument(
        "--unlabelled-share", type=float, default=1 / 3, help="of all samples, where there are any (default: a third)"
    )
    parser.add_argument("--epochs", type=int, default=8, help="that they are divided into (default: %(default)s)")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="FIELD=VALUE", help="more fields of every run, as train.py takes them"
    )
    arguments = parser.parse_args()
    arguments.output.mkdir(parents=True, exist_ok=True)
    arguments.start = at_size(arguments.start, arguments.input_size, arguments.output)
    found: dict[str, list[dict[str, Any]]] = {"start": [evaluate(arguments.start, arguments.data, arguments.output)]}
    for seed in arguments.seeds:
        splits = write_splits(arguments.data, arguments.output / f"labels_{seed}", arguments.share, seed)
        for name, sets in compared_sets(splits, arguments.data, arguments.unlabelled_share).items():
            folder = arguments.output / f"{name.replace(' ', '_').replace('+', 'and')}_{seed}"
            labelled_share = 1 - arguments.unlabelled_share if name == SEMI else 1
            if not (folder / "ended").is_file():
                run(folder, sets, round(arguments.samples / labelled_share), seed, arguments)
            found.setdefault(name, []).append(evaluate(folder / "last.ckpt", arguments.data, folder))
            print(f"seed {seed}, {name}: {figures_line([found[name][-1]])}", flush=True)
    (arguments.output / "figures.json").write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
    print_table(found)


def at_size(start: Path, input_size: int | None, folder: Path) -> Path:
    """A copy of the start for another input size; returns its path."""
    network, spec = load_network(start)
    if input_size in (None, spec.input_size):
        return start
    copy = folder / f"start_{input_size}.ckpt"
    save_network(copy, network, replace(spec, input_size=input_size))
    carry_notice(start, copy)
    return copy


def write_splits(data: Path, folder: Path, share: float, seed: int) -> dict[str, dict[str, Path]]:
    """For each set its labelled part, the rest with boxes alone, and the whole; returns their paths."""
    folder.mkdir(parents=True, exist_ok=True)
    rng = np.random.default_rng(seed)
    paths: dict[str, dict[str, Path]] = {}
    for name in SETS:
        content = json.loads((data / name / "train.json").read_text(encoding="utf-8"))
        for annotation in content["annotations"]:
            annotation.pop("teacher_keypoints", None)
            annotation.pop("teacher_disagreement", None)
        order = rng.permutation([image["id"] for image in content["images"]]).tolist()
        kept = set(order[: round(share * len(order))])
        parts = {
            "all": content,
            "labelled": _part(content, kept),
            "unlabelled": _without_labels(_part(content, set(order) - kept)),
        }
        paths[name] = {part: folder / f"{name}_{part}.json" for part in parts}
        for part, path in paths[name].items():
            path.write_text(json.dumps(parts[part]), encoding="utf-8")
    return paths


def compared_sets(
    splits: dict[str, dict[str, Path]], data: Path, unlabelled_share: float
) -> dict[str, list[dict[str, Any]]]:
    """`data.train` of each of the compared runs; the share is of the samples."""

    def of(part: str, **fields: Any) -> list[dict[str, Any]]:
        rules = {"absent_means_hidden": False}
        return [
            {"annotations": str(splits[s][part]), "images": str((data / s / "images").resolve()), "labels": rules}
            | fields
            for s in SETS
        ]

    labelled, unlabelled = (
        sum(len(json.loads(splits[s][part].read_text(encoding="utf-8"))["annotations"]) for s in SETS)
        for part in ("labelled", "unlabelled")
    )
    return {
        FEW: of("labelled"),
        SEMI: of("labelled", weight=(1 / unlabelled_share - 1) * unlabelled / labelled)
        + of("unlabelled", unlabelled=True),
        ALL: of("all"),
    }


def run(folder: Path, sets: list[dict[str, Any]], samples: int, seed: int, arguments: argparse.Namespace) -> None:
    """Train one network; goes on where it was cut off."""
    _, spec = load_network(arguments.start)
    fields: dict[str, Any] = {
        "output": folder,
        "seed": seed,
        "resume": str((folder / "last.ckpt").is_file()).lower(),
        "data.root": "/",
        "data.train": json.dumps(sets),
        # Nothing is chosen by it: the last epoch's weights are measured.
        "data.dev": json.dumps({key: sets[0][key] for key in ("annotations", "images")}),
        "data.samples_per_epoch": samples // arguments.epochs,
        "data.workers": 0,
        "model.name": spec.model,
        "model.input_size": spec.input_size,
        "model.initial_weights": arguments.start,
        "targets": json.dumps(TARGETS),
        "loss": json.dumps({"heatmap": 400, "center": 8, "reg": 0.3, "offset": 4.0, "bone": 0.2}),
        "optimisation.epochs": arguments.epochs,
        "optimisation.dev_every_epochs": arguments.epochs,
        "optimisation.batch_size": 32,
        "optimisation.learning_rate": 2.5e-4,
        "optimisation.averaging_decay": 0.98,
        "optimisation.fixed_parts": 3,
        "hardware.precision": "auto",
        "hardware.threads": 1,
    }
    options = [f"--{key}={value}" for key, value in fields.items()] + [f"--{field}" for field in arguments.set]
    if train(options) != 0:
        raise SystemExit(f"{folder}: the run failed")
    (folder / "ended").touch()


def evaluate(checkpoint: Path, data: Path, folder: Path) -> dict[str, Any]:
    """The figures of both val splits, by what `evaluate.py` does; kept in the folder."""
    kept = folder / "evaluation.json"
    if kept.is_file():
        return dict(json.loads(kept.read_text(encoding="utf-8")))
    runtime = create_runtime(checkpoint)
    skeleton = runtime.metadata.skeleton
    found = {}
    for name in SETS:
        pictures = read_coco(data / name / "val.json", data / name / "images", skeleton)
        persons = select_persons(pictures, "cropped", default_min_keypoints(skeleton))
        metrics = compute_metrics(persons, predict(persons, runtime).points_px, skeleton).to_dict()
        found[name] = {key: metrics[key] for key in FIGURES}
    kept.write_text(json.dumps(found) + "\n", encoding="utf-8")
    return found


def print_table(found: dict[str, list[dict[str, Any]]]) -> None:
    """Of the seeds the mean and, in brackets, the range; what is gained over few labels is gained seed by seed."""
    print("| training | " + " | ".join(f"{name} val" for name in SETS) + " |")
    print("|---" * (1 + len(SETS)) + "|")
    for name, runs in found.items():
        print(f"| {name} | {figures_line(runs, ' | ')} |")
    gained = {name: [_gain(run, few) for run, few in zip(found[name], found[FEW], strict=True)] for name in (SEMI, ALL)}
    print(f"| gained by the unlabelled | {figures_line(gained[SEMI], ' | ', sign='+')} |")
    print(f"| gained by all labels | {figures_line(gained[ALL], ' | ', sign='+')} |")
    closed = [" / ".join(closed_share(gained[SEMI], gained[ALL], name, key) for key in FIGURES) for name in SETS]
    print(f"| gap closed | {' | '.join(closed)} |")


def figures_line(runs: list[dict[str, Any]], between: str = "; ", sign: str = "") -> str:
    return between.join(
        " / ".join(_mean_and_range([run[s][key] for run in runs], f"{sign}.1f") for key in FIGURES) for s in SETS
    )


def closed_share(semi: list[dict[str, Any]], everything: list[dict[str, Any]], name: str, key: str) -> str:
    """What the unlabelled gain over what all labels gain: of the means, and in brackets seed by seed."""
    gains, gaps = (np.array([run[name][key] for run in runs]) for runs in (semi, everything))
    of_means = f"{gains.mean() / gaps.mean():.0%}"
    return of_means if len(gains) == 1 else f"{of_means} ({', '.join(f'{share:.0%}' for share in gains / gaps)})"


def _gain(run: dict[str, Any], few: dict[str, Any]) -> dict[str, Any]:
    return {name: {key: run[name][key] - few[name][key] for key in FIGURES} for name in SETS}


def _mean_and_range(values: list[float], form: str) -> str:
    mean = f"{np.mean(values):{form}}"
    return mean if len(values) == 1 else f"{mean} ({min(values):{form}} to {max(values):{form}})"


def _part(content: dict[str, Any], ids: set[int]) -> dict[str, Any]:
    images = [image for image in content["images"] if image["id"] in ids]
    return content | {
        "images": images,
        "annotations": [annotation for annotation in content["annotations"] if annotation["image_id"] in ids],
    }


def _without_labels(content: dict[str, Any]) -> dict[str, Any]:
    """Boxes alone."""
    bare = [a | {"keypoints": [0] * len(a["keypoints"]), "num_keypoints": 0} for a in content["annotations"]]
    return content | {"annotations": bare}


if __name__ == "__main__":
    main()
