"""`movenet data review`: a page to correct labels on, in any browser."""

from __future__ import annotations

import argparse
from pathlib import Path

from movenet.commands.data.selection import (
    add_format_argument,
    add_layout_arguments,
    chosen_format,
    chosen_layout,
    progress_bar,
)
from movenet.data.formats import find_format
from movenet.data.review.page import review_page
from movenet.outputs import replaced_file

NAME = "review"
HELP = "Make a page on which to drag points, mark visibility, accept and reject; it saves COCO json."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("annotations", type=Path, help="COCO json, YOLO-pose data.yaml or folder of labelme files")
    parser.add_argument("images", type=Path, help="folder of its pictures")
    parser.add_argument("--output", type=Path, required=True, metavar="PAGE", help="HTML file to write")
    add_format_argument(parser)
    add_layout_arguments(parser)


def run(arguments: argparse.Namespace) -> int:
    """Read, draw, write; returns the exit status."""
    layout = chosen_layout(arguments)
    read = find_format(chosen_format(arguments, arguments.annotations)).read
    pictures = read(arguments.annotations, arguments.images, layout.skeleton, layout.keypoints)
    with progress_bar() as progress:
        task = progress.add_task("persons", total=sum(len(picture.persons) for picture in pictures))
        page = review_page(pictures, arguments.images, layout.skeleton, on_person=lambda: progress.advance(task))
    with replaced_file(arguments.output) as temporary:
        temporary.write_text(page, encoding="utf-8")
    print(f"{arguments.output}: open it in a browser; it saves reviewed.json")
    return 0
