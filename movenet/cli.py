"""The `movenet` console command, and the only place where an error becomes a line on stderr and an exit status."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Sequence
from typing import Protocol, cast

from movenet.commands import COMMANDS
from movenet.errors import MovenetError

STATUS_ERROR = 2
STATUS_INTERRUPTED = 130


class Command(Protocol):
    """What a module under `movenet.commands` offers."""

    NAME: str
    HELP: str

    def register(self, parser: argparse.ArgumentParser) -> None:
        """Add the command's arguments to its parser."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do the work and return the exit status; raise `MovenetError` for whatever a user can mend."""


def main(argv: Sequence[str] | None = None) -> int:
    """`movenet COMMAND ...`; returns the exit status."""
    parser = argparse.ArgumentParser(prog="movenet", description="One person's pose on a small CPU.")
    add_commands(parser, COMMANDS)
    arguments = parser.parse_args(argv)
    return exit_status(lambda: arguments.run(arguments))


def add_commands(parser: argparse.ArgumentParser, names: Sequence[str]) -> None:
    """Give a parser the commands of these names; the chosen one's `run` is the arguments' `run`."""
    subparsers = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for name in names:
        command = load_command(name)
        subparser = subparsers.add_parser(command.NAME, help=command.HELP, description=command.HELP)
        # First: a command that has commands of its own leaves `run` to the chosen one.
        subparser.set_defaults(run=command.run)
        command.register(subparser)


def load_command(name: str) -> Command:
    """The command module of this name."""
    return cast(Command, importlib.import_module(f"movenet.commands.{name}"))


def run_command(command: Command, argv: Sequence[str] | None = None, prog: str | None = None) -> int:
    """One command as a program of its own (`demo.py`, `evaluate.py`); returns the exit status."""
    parser = argparse.ArgumentParser(prog=prog, description=command.HELP)
    command.register(parser)
    arguments = parser.parse_args(argv)
    return exit_status(lambda: command.run(arguments))


def exit_status(work: Callable[[], int]) -> int:
    """Run `work`; an error that a user can mend becomes one line on stderr and status 2, Ctrl-C status 130."""
    try:
        return work()
    except MovenetError as error:
        print(f"error: {error}", file=sys.stderr)
        return STATUS_ERROR
    except KeyboardInterrupt:
        return STATUS_INTERRUPTED
