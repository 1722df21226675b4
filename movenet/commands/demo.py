"""`movenet demo`: the pose in a picture, a folder of pictures, a video, a camera or a stream."""

from __future__ import annotations

import argparse

NAME = "demo"
HELP = "Find the pose in a picture, folder, video, camera or stream; draw it, print it, save it."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the demo's arguments."""
    parser.add_argument("--source", required=True, help="picture, folder, video, camera index or stream address")


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; returns the exit status."""
    return 0
