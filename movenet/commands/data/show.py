"""`movenet data show`: what the network is really given, as one picture."""

from __future__ import annotations

import argparse
from pathlib import Path

from movenet.commands.data.selection import add_set_arguments, chosen_sets
from movenet.data.mosaic import mosaic
from movenet.errors import ConfigError, RuntimeUnavailableError
from movenet.outputs import check_picture_path, write_picture

NAME = "show"
HELP = "Draw samples as the network gets them: before and after augmentation, and every target map."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    add_set_arguments(parser)
    parser.add_argument("--output", type=Path, required=True, metavar="PICTURE", help="picture to write")
    parser.add_argument("--samples", type=int, default=8, help="number of rows (default: %(default)s)")
    parser.add_argument("--seed", type=int, default=0, help="of all chance (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Draw and write; returns the exit status."""
    if arguments.samples < 1:
        raise ConfigError(f"--samples must be at least 1, not {arguments.samples}")
    check_picture_path(arguments.output)
    try:
        from movenet.commands.data.stream import training_stream
        from movenet.data.show import sample_row
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}: pip install 'movenet-edge[train]'") from error
    stream = training_stream(chosen_sets(arguments), arguments.seed)
    rows = [sample_row(stream.dataset, key, stream.targets) for key in stream.keys(arguments.samples)]
    write_picture(arguments.output, mosaic(rows))
    num_empty = sum(entry.empty for entry in stream.dataset.entries)
    empty = f" and {num_empty} squares without anybody" if num_empty else ""
    print(f"{arguments.output}: {len(rows)} of {len(stream.dataset) - num_empty} persons{empty}")
    return 0
