"""What more data is worth: the same training from the same start on a share of each set's photographs.

    python benchmarks/data_share.py --data YOUR_DATA --start blazepose.ckpt --output runs/data_share

Every run draws equally many samples, so that a smaller share is seen more often. The figures are of the recipe's dev
set, after the last epoch. Runs that have ended are not repeated: after a kill, the same command goes on.
"""

from __future__ import annotations

import argparse
import csv
import json
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from pathlib import Path
from typing import Any

import numpy as np
import yaml

from movenet.training.command import main as train

FIGURES = ("dev/pck_5px", "dev/pck_torso_0.2", "dev/oks_ap")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder of the recipe's sets")
    parser.add_argument("--config", type=Path, default=Path("configs/best.yaml"), help="recipe (default: %(default)s)")
    parser.add_argument("--start", type=Path, required=True, help="checkpoint that every run starts from")
    parser.add_argument("--output", type=Path, required=True, help="folder for annotations and runs")
    parser.add_argument("--shares", type=float, nargs="+", default=[0.25, 0.5, 1.0], help="default: 0.25 0.5 1")
    parser.add_argument("--samples", type=int, default=40960, help="of each run (default: %(default)s)")
    parser.add_argument("--epochs", type=int, default=5, help="that they are divided into (default: %(default)s)")
    parser.add_argument(
        "--set", nargs="*", default=[], metavar="FIELD=VALUE", help="more fields of every run, as train.py takes them"
    )
    arguments = parser.parse_args()
    recipe = yaml.safe_load(arguments.config.read_text(encoding="utf-8"))["data"]
    print("| share of the photographs | annotated persons | PCK 5 px | PCK 0.2 torso | OKS AP |")
    print("|---:|---:|---:|---:|---:|")
    for share in arguments.shares:
        folder = arguments.output / f"share_{share:g}"
        sets, persons = write_share(recipe["train"], arguments.data.resolve(), folder, share)
        if not (folder / "ended").is_file():
            run(folder, sets, arguments)
        figures = " | ".join(f"{value:.1f}" for value in last_figures(folder / "run"))
        print(f"| {share:.0%} | {persons:,} | {figures} |", flush=True)


def write_share(sets: list[dict[str, Any]], data: Path, folder: Path, share: float) -> tuple[list[dict[str, Any]], int]:
    """Annotations of a share of each set's photographs; returns the recipe's `data.train` for them, and the persons."""
    folder.mkdir(parents=True, exist_ok=True)
    persons, written = 0, []
    for number, source in enumerate(sets):
        content = json.loads((data / source["annotations"]).read_text(encoding="utf-8"))
        images = content["images"]
        order = np.random.default_rng(number).permutation(len(images))[: round(share * len(images))]
        content["images"] = [images[index] for index in order.tolist()]
        kept = {image["id"] for image in content["images"]}
        content["annotations"] = [a for a in content["annotations"] if a["image_id"] in kept]
        persons += len(content["annotations"])
        path = folder / f"set_{number}.json"
        path.write_text(json.dumps(content), encoding="utf-8")
        written.append(source | {"annotations": str(path.resolve()), "images": str(data / source["images"])})
    return written, persons


def run(folder: Path, sets: list[dict[str, Any]], arguments: argparse.Namespace) -> None:
    """Train one network; goes on where it was cut off."""
    output = folder / "run"
    fields: dict[str, Any] = {
        "output": output,
        "resume": str((output / "last.ckpt").is_file()).lower(),
        "data.root": arguments.data.resolve(),
        "data.train": json.dumps(sets),
        "data.cache": "null",
        "data.samples_per_epoch": arguments.samples // arguments.epochs,
        "model.initial_weights": arguments.start,
        "optimisation.epochs": arguments.epochs,
        "optimisation.dev_every_epochs": arguments.epochs,
    }
    options = [f"--{key}={value}" for key, value in fields.items()] + [f"--{field}" for field in arguments.set]
    if train([f"--config={arguments.config}", *options]) != 0:
        raise SystemExit(f"{folder}: the run failed")
    (folder / "ended").touch()


def last_figures(output: Path) -> list[float]:
    """The dev set's, in the order of `FIGURES`."""
    rows = [
        row
        for path in output.glob("metrics/version_*/metrics.csv")
        for row in csv.DictReader(path.read_text(encoding="utf-8").splitlines())
        if row.get(FIGURES[0])
    ]
    last = max(rows, key=lambda row: int(row["epoch"]))
    return [float(last[figure]) for figure in FIGURES]


if __name__ == "__main__":
    main()
