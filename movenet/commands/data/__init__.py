"""`movenet data ...`: annotated sets converted, checked, looked at, counted, and made from videos.

Its commands are modules of this folder, of the same form as those above it.
"""

from __future__ import annotations

import argparse

from movenet.cli import add_commands

NAME = "data"
HELP = "Convert, check, show, count and make annotated sets."
COMMANDS = ("check", "convert", "frames", "prelabel", "review", "show", "stats")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the commands."""
    add_commands(parser, [f"data.{name}" for name in COMMANDS])


def run(arguments: argparse.Namespace) -> int:
    """What the chosen command does; argparse asks for one."""
    return int(arguments.run(arguments))
