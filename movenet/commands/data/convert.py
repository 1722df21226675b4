"""`movenet data convert`: a set from one annotation format to another."""

from __future__ import annotations

import argparse
from pathlib import Path

from movenet.commands.data.selection import add_format_argument, add_layout_arguments, chosen_format, chosen_layout
from movenet.data.conversion import unheld_parts, write_set
from movenet.data.formats import FORMATS, find_format

NAME = "convert"
HELP = "Turn a set into another annotation format, and say what that cannot hold."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the conversion's arguments."""
    parser.add_argument("annotations", type=Path, help="COCO json, YOLO-pose data.yaml or folder of labelme files")
    parser.add_argument("images", type=Path, help="folder of its pictures")
    parser.add_argument("output", type=Path, help="json file to write for coco, else a new folder")
    parser.add_argument("--to", choices=FORMATS, default="coco", help="what to write (default: %(default)s)")
    add_format_argument(parser)
    add_layout_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, say what is lost, write; returns the exit status."""
    layout = chosen_layout(arguments)
    source = find_format(chosen_format(arguments, arguments.annotations))
    pictures = source.read(arguments.annotations, arguments.images, layout.skeleton, layout.keypoints)
    lost = source.unread_parts(arguments.annotations, arguments.images) + unheld_parts(pictures, arguments.to)
    write_set(arguments.to, arguments.output, pictures, arguments.images, layout.skeleton)
    for line in lost:
        print(f"not kept: {line}")
    missing = [picture.path for picture in pictures if not picture.path.is_file()]
    if missing:
        print(f"{arguments.images}: {len(missing)} of {len(pictures)} pictures are not there, the first: {missing[0]}")
    print(f"{arguments.output}: {len(pictures)} pictures, {sum(len(p.persons) for p in pictures)} persons")
    return 0
