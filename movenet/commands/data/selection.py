"""How the data commands are told which sets they are about."""

from __future__ import annotations

import argparse
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

from movenet.data.checks.findings import NamedSet
from movenet.data.formats import FORMATS, FormatName, guess_format
from movenet.data.keypoint_map import KeypointMap, read_keypoint_map
from movenet.data.records import PictureRecord
from movenet.data.sets import SetConfig, read_set
from movenet.errors import ConfigError, RuntimeUnavailableError
from movenet.skeleton import COCO17, Skeleton

if TYPE_CHECKING:
    from movenet.training.config import RunConfig


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


@dataclass(frozen=True)
class Sets:
    """The sets that a command is about.

    Attributes:
        sources: as a config names them.
        root: folder that their paths start from.
        skeleton: of their records.
        recipe: what the sets were read from, where it was a training config.
    """

    sources: list[SetConfig]
    root: Path
    skeleton: Skeleton
    recipe: RunConfig | None = None

    def read(self, num_pictures: int | None = None) -> list[NamedSet]:
        """The records of each set, or of this many of its pictures, evenly spread.

        Raises:
            DataError: if a set cannot be read.
            ConfigError: if `num_pictures` is below 1.
        """
        if num_pictures is not None and num_pictures < 1:
            raise ConfigError(f"--pictures must be at least 1, not {num_pictures}")
        names = [source.annotations for source in self.sources]
        read = [read_set(source, self.root, self.skeleton) for source in self.sources]
        return [NamedSet(name, _evenly(pictures, num_pictures)) for name, pictures in zip(names, read, strict=True)]


def add_set_arguments(parser: argparse.ArgumentParser) -> None:
    """Add `--set`, `--config`, `--root`, `--skeleton` and `--keypoints`."""
    parser.add_argument(
        "--set",
        nargs=2,
        action="append",
        default=[],
        metavar=("ANNOTATIONS", "IMAGES"),
        help="a set: COCO json, YOLO-pose data.yaml or folder of labelme files, and its pictures; may be repeated",
    )
    parser.add_argument(
        "--config",
        type=Path,
        action="append",
        default=[],
        metavar="FILE",
        help="training config: all its sets, as it reads them; may be repeated, as for train.py",
    )
    parser.add_argument("--root", help="folder that the config's sets start from (default: what it says)")
    add_layout_arguments(parser)


def add_pictures_argument(parser: argparse.ArgumentParser) -> None:
    """Add `--pictures`, for `Sets.read`."""
    parser.add_argument("--pictures", type=int, metavar="N", help="look at N pictures of each set only, evenly spread")


def chosen_sets(arguments: argparse.Namespace) -> Sets:
    """What the arguments of `add_set_arguments` say.

    Raises:
        ConfigError: if they name no set, or the same one twice.
    """
    sets = _from_recipe(arguments) if arguments.config else _from_options(arguments)
    names = [source.annotations for source in sets.sources]
    if not names:
        raise ConfigError("no set: give --set ANNOTATIONS IMAGES, or --config FILE")
    if len(set(names)) != len(names):
        raise ConfigError("every set may be given once only")
    return sets


def _from_options(arguments: argparse.Namespace) -> Sets:
    layout = chosen_layout(arguments)
    keypoints = None if layout.keypoints is None else dict(layout.keypoints)
    # Skeletons of few keypoints have persons, too.
    min_keypoints = min(SetConfig.min_keypoints, layout.skeleton.num_keypoints)
    sources = [
        SetConfig(annotations, images, guess_format(Path(annotations)), keypoints, min_keypoints=min_keypoints)
        for annotations, images in arguments.set
    ]
    return Sets(sources, Path(), layout.skeleton)


def _from_recipe(arguments: argparse.Namespace) -> Sets:
    if arguments.set or arguments.skeleton or arguments.keypoints:
        raise ConfigError("--config says what --set, --skeleton and --keypoints would: give one or the other")
    # Needs the training's packages, which the other ways do without.
    try:
        from movenet.training.command import parse_config
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}; --config needs: pip install 'movenet-edge[train]'") from error
    root = [] if arguments.root is None else [f"--data.root={arguments.root}"]
    recipe, _ = parse_config([*(f"--config={path}" for path in arguments.config), *root])
    data = recipe.data
    skeleton = COCO17 if data.skeleton is None else Skeleton.from_yaml(data.skeleton)
    named = [*data.train, data.dev, *([] if data.watched is None else [data.watched])]
    sources = list({source.annotations: source for source in named}.values())
    return Sets(sources, Path(data.root), skeleton, recipe)


def _evenly(pictures: list[PictureRecord], number: int | None) -> list[PictureRecord]:
    if number is None or number >= len(pictures):
        return pictures
    return [pictures[index * len(pictures) // number] for index in range(number)]
