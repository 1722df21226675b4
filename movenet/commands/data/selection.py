"""How the data commands are told which sets they are about."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from movenet.data.formats import FORMATS, FormatName, guess_format
from movenet.data.keypoint_map import KeypointMap, read_keypoint_map
from movenet.skeleton import COCO17, Skeleton


@dataclass(frozen=True)
class Layout:
    """What the points of a set are: the skeleton to read them into, and the map from it where the set's differ."""

    skeleton: Skeleton
    keypoints: KeypointMap | None


def add_layout_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--skeleton` and `--keypoints`."""
    parser.add_argument("--skeleton", type=Path, help="YAML file of the skeleton (default: COCO's seventeen keypoints)")
    parser.add_argument(
        "--keypoints", type=Path, help="YAML file: for keypoints of the skeleton, the set's name or number of them"
    )


def chosen_layout(arguments: argparse.Namespace) -> Layout:
    """What `--skeleton` and `--keypoints` say.

    Raises:
        SkeletonError, ConfigError: if a file cannot be used.
    """
    skeleton = COCO17 if arguments.skeleton is None else Skeleton.from_yaml(arguments.skeleton)
    return Layout(skeleton, None if arguments.keypoints is None else read_keypoint_map(arguments.keypoints))


def add_format_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--format`."""
    parser.add_argument(
        "--format", choices=FORMATS, help="of the annotations (default: .json coco, .yaml yolo, a folder labelme)"
    )


def chosen_format(arguments: argparse.Namespace, annotations: Path) -> FormatName:
    """What `--format` says, or what the annotations look like."""
    return guess_format(annotations) if arguments.format is None else arguments.format


def progress_bar() -> Progress:
    """A bar on stderr for work that takes long."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    return Progress(*columns, console=Console(stderr=True))
