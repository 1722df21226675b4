"""`movenet data stats`: what persons sets hold, and what the training makes of them, side by side."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.table import Table

from movenet.commands.data.selection import add_pictures_argument, add_set_arguments, chosen_sets
from movenet.data.formats import guess_format
from movenet.data.sets import SetConfig, read_set
from movenet.errors import ConfigError, RuntimeUnavailableError
from movenet.metrics import PROTOCOLS
from movenet.metrics.report import write_json
from movenet.outputs import write_picture
from movenet.skeleton import Skeleton

if TYPE_CHECKING:
    from movenet.data.statistics import Population

NAME = "stats"
HELP = "Draw size, place, pose and labels of a set's persons, of the training stream, and of a target set."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_set_arguments(parser)
    add_pictures_argument(parser)
    parser.add_argument("--target", nargs=2, metavar=("ANNOTATIONS", "IMAGES"), help="the set that training is to suit")
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
    try:
        from movenet.data.charts import population_charts
        from movenet.data.statistics import summary
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}: pip install 'movenet-edge[train]'") from error
    populations, skeleton = _populations(arguments)
    figures = {population.name: summary(population, skeleton) for population in populations}
    Console().print(_table(figures))
    if arguments.output is not None:
        write_picture(arguments.output, population_charts(populations, skeleton))
    if arguments.json is not None:
        write_json(arguments.json, figures)
    return 0


def _populations(arguments: argparse.Namespace) -> tuple[list[Population], Skeleton]:
    """The sets, the stream, and the target."""
    from movenet.commands.data.stream import training_stream
    from movenet.data.statistics import population_of_set, population_of_stream

    chosen = chosen_sets(arguments)
    named = [(f"set {'/'.join(Path(s.name).parts[-2:])}", s.pictures) for s in chosen.read(arguments.pictures)]
    if arguments.target is not None:
        annotations, images = arguments.target
        target = SetConfig(annotations, images, guess_format(Path(annotations)))
        named.append(("target", read_set(target, Path(), chosen.skeleton)))
    populations = [
        population_of_set(name, pictures, arguments.protocol, arguments.min_keypoints)
        for name, pictures in named
        # A set of a teacher's labels alone is seen in the stream only.
        if any(person.num_labelled >= arguments.min_keypoints for picture in pictures for person in picture.persons)
    ]
    stream = training_stream(chosen, arguments.seed)
    of_stream = population_of_stream("training stream", stream.dataset, stream.keys(arguments.samples))
    place = len(populations) - (arguments.target is not None)
    return [*populations[:place], of_stream, *populations[place:]], chosen.skeleton


def _table(figures: dict[str, dict[str, object]]) -> Table:
    """A row a population."""
    table = Table()
    table.add_column("")
    keys = [key for key in next(iter(figures.values())) if key != "states"]
    for key in keys:
        table.add_column(key.replace("_", " "), justify="right")
    for name, of_one in figures.items():
        table.add_row(name, *(str(of_one[key]) for key in keys))
    return table
