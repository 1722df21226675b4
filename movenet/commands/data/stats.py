"""`movenet data stats`: what persons sets hold, and what the training makes of them, side by side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from movenet.commands.data.selection import Sets, add_pictures_argument, add_set_arguments, chosen_sets
from movenet.data.formats import guess_format
from movenet.data.keypoint_map import read_keypoint_map
from movenet.data.sets import SetConfig, read_set
from movenet.errors import ConfigError, RuntimeUnavailableError
from movenet.metrics import PROTOCOLS
from movenet.metrics.report import write_json
from movenet.outputs import check_picture_path, write_picture
from movenet.skeleton import Skeleton

if TYPE_CHECKING:
    from movenet.data.statistics import Population

NAME = "stats"
HELP = "Draw size, place, pose and labels of a set's persons, of the training stream, and of a target set."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_set_arguments(parser)
    add_pictures_argument(parser)
    parser.add_argument(
        "--target",
        nargs=2,
        metavar=("ANNOTATIONS", "IMAGES"),
        help="the set that training is to suit (default: the config's augmentation.fit_scale_to, in whole pictures)",
    )
    parser.add_argument(
        "--target-keypoints",
        type=Path,
        metavar="FILE",
        help="as --keypoints, for the target (default: it needs no map)",
    )
    parser.add_argument(
        "--protocol",
        choices=PROTOCOLS,
        default=PROTOCOLS[0],
        help="how sets are shown to the network, as in `movenet evaluate` (default: %(default)s)",
    )
    parser.add_argument("--output", type=Path, metavar="PICTURE", help="picture to write")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    parser.add_argument("--samples", type=int, default=5000, help="length of the stream (default: %(default)s)")
    parser.add_argument(
        "--min-keypoints", type=int, default=1, help="leave out persons with fewer (default: %(default)s)"
    )
    parser.add_argument("--seed", type=int, default=0, help="of all chance (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Count, print, draw; returns the exit status."""
    if arguments.samples < 1:
        raise ConfigError(f"--samples must be at least 1, not {arguments.samples}")
    if arguments.output is not None:
        check_picture_path(arguments.output)
    try:
        from movenet.data.charts import population_charts
        from movenet.data.statistics import distances, summary
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}: pip install 'movenet-edge[train]'") from error
    populations, target, skeleton = _populations(arguments)
    figures = {population.name: summary(population, skeleton) for population in populations}
    if target is not None:
        for population in populations:
            figures[population.name] |= distances(population, target)
    Console().print(_table(figures))
    if arguments.output is not None:
        write_picture(arguments.output, population_charts(populations, skeleton, target))
    if arguments.json is not None:
        write_json(arguments.json, figures)
    return 0


def _populations(arguments: argparse.Namespace) -> tuple[list[Population], Population | None, Skeleton]:
    """The sets, the stream, and the target, if there is one; the target once more; the skeleton."""
    from movenet.commands.data.stream import training_stream
    from movenet.data.statistics import population_of_set, population_of_stream

    chosen = chosen_sets(arguments)
    result = [
        population_of_set(_set_name(of_set.name), of_set.pictures, arguments.protocol, arguments.min_keypoints)
        for of_set in chosen.read(arguments.pictures)
        # A set of a teacher's labels alone is seen in the stream only.
        if any(q.num_labelled >= arguments.min_keypoints for p in of_set.pictures for q in p.persons)
    ]
    is_fitted = chosen.recipe is not None and chosen.recipe.augmentation.fit_scale_to is not None
    streams = {"training stream": True}
    if is_fitted:
        streams = {"training stream before fit_scale_to": False} | streams
    for name, fitted in streams.items():
        stream = training_stream(chosen, arguments.seed, fitted)
        result.append(population_of_stream(name, stream.dataset, stream.keys(arguments.samples)))
    target = _target(arguments, chosen)
    return [*result, *([] if target is None else [target])], target, chosen.skeleton


def _target(arguments: argparse.Namespace, chosen: Sets) -> Population | None:
    """What `--target` names, else what the recipe's crops are fitted to."""
    from movenet.data.fitted_scales import target_persons
    from movenet.data.statistics import population_of_persons, population_of_set

    if arguments.target is not None:
        annotations, images = arguments.target
        keypoints = None if arguments.target_keypoints is None else dict(read_keypoint_map(arguments.target_keypoints))
        source = SetConfig(annotations, images, guess_format(Path(annotations)), keypoints)
        pictures = read_set(source, Path(), chosen.skeleton)
        return population_of_set("target", pictures, arguments.protocol, arguments.min_keypoints)
    if arguments.target_keypoints is not None:
        raise ConfigError("--target-keypoints belongs to --target, which is not given")
    fitted_to = None if chosen.recipe is None else chosen.recipe.augmentation.fit_scale_to
    if fitted_to is None:
        return None
    return population_of_persons("target", target_persons(fitted_to, chosen.root, chosen.skeleton))


def _set_name(annotations: str) -> str:
    return f"set {'/'.join(Path(annotations).parts[-2:])}"


def _table(figures: dict[str, dict[str, object]]) -> Table:
    """A row a population."""
    table = Table()
    table.add_column("", overflow="fold")
    keys = [key for key in next(iter(figures.values())) if key != "states"]
    for key in keys:
        table.add_column(key.replace("_", " "), justify="right", overflow="fold")
    for name, of_one in figures.items():
        table.add_row(name, *(str(of_one[key]) for key in keys))
    return table
