"""`movenet average`: the mean of a network before and after a training."""

from __future__ import annotations

import argparse
from pathlib import Path

from movenet.commands.files import checked_output
from movenet.errors import RuntimeUnavailableError

NAME = "average"
HELP = "Average the weights of a network before and after a training: it forgets less of what it knew before."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument(
        "before", type=Path, help="checkpoint that a training started from; a run keeps it as start.ckpt"
    )
    parser.add_argument("after", type=Path, help="checkpoint of that training")
    parser.add_argument("--share", type=float, default=0.5, help="of the second one, 0 to 1 (default: %(default)s)")
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="checkpoint to write")


def run(arguments: argparse.Namespace) -> int:
    """Read both, write the mean; returns the exit status."""
    # torch is slow to import, and absent on most boards: only this command needs it.
    try:
        from movenet.models import load_network, save_network
        from movenet.models.average import average_networks
        from movenet.models.notice import carry_notice
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}; averaging needs torch: pip install 'movenet-edge[train]'") from error

    output = checked_output(arguments.output)
    network, spec = average_networks(load_network(arguments.before), load_network(arguments.after), arguments.share)
    save_network(output, network, spec)
    carry_notice(arguments.after, output)
    print(f"{output}: {1 - arguments.share:.0%} of {arguments.before} and {arguments.share:.0%} of {arguments.after}")
    return 0
