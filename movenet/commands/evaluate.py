"""`movenet evaluate`: how well a model finds the annotated persons of a set of pictures."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from movenet.data.coco import read_coco
from movenet.errors import ConfigError
from movenet.metrics import PROTOCOLS, Metrics, compute_metrics, default_min_keypoints, select_persons
from movenet.metrics.prediction import predict
from movenet.metrics.report import (
    errors_table,
    figures_table,
    keypoints_table,
    scores_table,
    sizes_table,
    write_json,
)
from movenet.runtimes import create_runtime, default_runtime, runtime_names
from movenet.skeleton import Skeleton

NAME = "evaluate"
HELP = "Measure a model on annotated pictures: PCK and COCO's OKS figures, overall and per keypoint."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the evaluation's arguments."""
    parser.add_argument("--weights", type=Path, required=True, help="checkpoint file, or folder of an exported model")
    parser.add_argument("--annotations", type=Path, required=True, help="COCO keypoints json file")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures that it names")
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default=PROTOCOLS[0],
        help="cropped: a square around each person; whole: the letterboxed picture (default: %(default)s)",
    )
    parser.add_argument(
        "--looks",
        type=int,
        default=1,
        help="how often the network looks; more than once, with --protocol whole: as tracking does in the frames of a "
        "video that stands still (default: %(default)s)",
    )
    parser.add_argument(
        "--runtime",
        choices=runtime_names(),
        help="what runs the network (default: torch for a checkpoint file, ncnn for an exported model)",
    )
    parser.add_argument("--json", type=Path, help="write the figures to this file as well")
    parser.add_argument(
        "--min-keypoints",
        type=int,
        help="leave out persons with fewer labelled keypoints (default: half of the skeleton's, rounded down)",
    )
    parser.add_argument(
        "--single-person",
        action="store_true",
        help="leave out pictures where more than one person has that many labelled keypoints",
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of the network (default: %(default)s)")
    parser.add_argument(
        "--skeleton", type=Path, help="YAML file with the annotations' keypoints and sigmas (default: the model's own)"
    )


def run(arguments: argparse.Namespace) -> int:
    """Evaluate, print the tables, write the json; returns the exit status."""
    _check_json_target(arguments.json)
    runtime_name = arguments.runtime or default_runtime(arguments.weights)
    runtime = create_runtime(arguments.weights, runtime_name, arguments.threads)
    skeleton = _chosen_skeleton(runtime.metadata.skeleton, arguments.skeleton)
    min_keypoints = default_min_keypoints(skeleton) if arguments.min_keypoints is None else arguments.min_keypoints

    pictures = read_coco(arguments.annotations, arguments.images, skeleton)
    persons = select_persons(pictures, arguments.protocol, min_keypoints, arguments.single_person)
    with _progress() as progress:
        task = progress.add_task("evaluating", total=len(persons))
        predictions = predict(persons, runtime, on_person=lambda: progress.advance(task), looks=arguments.looks)
    metrics = compute_metrics(persons, predictions.points_px, skeleton)

    network_ms = float(np.median(predictions.network_ms))
    if arguments.json is not None:
        circumstances = {
            "protocol": arguments.protocol,
            "looks": arguments.looks,
            "runtime": runtime_name,
            "weights": str(arguments.weights),
            "annotations": str(arguments.annotations),
            "input_size": runtime.metadata.input_size,
            "min_keypoints": min_keypoints,
            "single_person": arguments.single_person,
            "network_ms_median": network_ms,
        }
        write_json(arguments.json, metrics.to_dict() | circumstances)
    _print_tables(metrics, f"{arguments.weights.name}: {arguments.protocol}, {runtime_name}")
    print(f"network: {network_ms:.2f} ms (median; threads: {arguments.threads})")
    return 0


def _print_tables(metrics: Metrics, title: str) -> None:
    console = Console()
    console.print(figures_table(metrics, title))
    console.print(keypoints_table(metrics))
    console.print(sizes_table(metrics))
    console.print(scores_table(metrics))
    console.print(errors_table(metrics))


def _check_json_target(path: Path | None) -> None:
    """Known before the evaluation rather than after it."""
    if path is not None and (path.is_dir() or not path.parent.is_dir()):
        raise ConfigError(f"--json {path}: expected a file name in a folder that exists")


def _chosen_skeleton(of_model: Skeleton, path: Path | None) -> Skeleton:
    if path is None:
        return of_model
    chosen = Skeleton.from_yaml(path)
    if chosen.names != of_model.names:
        raise ConfigError(
            f"{path}: its {chosen.num_keypoints} keypoints ({', '.join(chosen.names[:3])}, ...) are not the model's "
            f"{of_model.num_keypoints} ({', '.join(of_model.names[:3])}, ...)"
        )
    return chosen


def _progress() -> Progress:
    columns: tuple[Any, ...] = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TimeRemainingColumn(),
    )
    return Progress(*columns, console=Console(stderr=True))
