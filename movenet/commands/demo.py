"""`movenet demo`: the pose in a picture, a folder of pictures, a video, a camera or a stream."""

from __future__ import annotations

import argparse
import contextlib
import json
import sys
import time
from collections.abc import Callable, Iterator
from dataclasses import astuple
from pathlib import Path
from typing import NamedTuple, TextIO

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from movenet.display import Window, display_problem
from movenet.errors import ConfigError, DataError
from movenet.estimator import Pose, PoseEstimator, Timings
from movenet.outputs import DEFAULT_FRAMES_PER_SECOND, open_output, replaced_file
from movenet.runtimes import runtime_names
from movenet.sources import Source, SourceKind, open_source
from movenet.tracking import PoseTracker, find_in_picture
from movenet.visualize import MIN_SCORE, draw_pose, draw_timings

NAME = "demo"
HELP = "Find one person's pose in a picture, folder, video, camera or stream; draw it, print it, save it."
DEFAULT_WEIGHTS = Path("weights/default")

PICTURE_KINDS = (SourceKind.PICTURE, SourceKind.FOLDER)


class Estimate(NamedTuple):
    """One frame and what was found in it; `drawn` is uint8 BGR [height, width, 3]."""

    name: str
    frame_number: int
    pose: Pose
    drawn: np.ndarray


Consumer = Callable[[Estimate], None]


def register(parser: argparse.ArgumentParser) -> None:
    """Add the demo's arguments."""
    parser.add_argument(
        "--source", required=True, help="picture, folder of pictures, video, camera index or stream address"
    )
    parser.add_argument(
        "--weights", type=Path, default=DEFAULT_WEIGHTS, help="exported model, or checkpoint file; default: %(default)s"
    )
    parser.add_argument(
        "--runtime",
        help=f"{', '.join(runtime_names())}; default: torch for a checkpoint file, ncnn for an exported model",
    )
    parser.add_argument("--threads", type=int, default=1, help="threads of the network; default: %(default)s")
    parser.add_argument(
        "--no-tracking",
        action="store_true",
        help="look at whole frames only; else a person is searched for, in a part of each of the first frames, and "
        "followed: a frame is looked at where they were in the last one; a picture gets all these looks itself",
    )
    parser.add_argument(
        "--no-smoothing", action="store_true", help="points of a video as found, without One-Euro filter"
    )
    parser.add_argument("--output", type=Path, help="picture, folder or video to write, like the source")
    parser.add_argument("--jsonl", type=Path, help="file to write the keypoints to, a JSON object a line")
    parser.add_argument("--no-display", action="store_true", help="open no window")
    parser.add_argument(
        "--min-score", type=float, default=MIN_SCORE, help="draw no point below this score; default: %(default)s"
    )


def run(arguments: argparse.Namespace) -> int:
    """Run the demo; returns the exit status."""
    _check_arguments(arguments)
    estimator = PoseEstimator(arguments.weights, arguments.runtime, arguments.threads)
    source = open_source(arguments.source)
    console = Console()
    with contextlib.ExitStack() as stack:
        window = _open_window(arguments, source, stack)
        consumers = _consumers(arguments, source, console, stack)
        if window is None and not consumers:
            raise ConfigError(
                "nothing would be shown or written: give --output or --jsonl, or get windows by "
                "`pip uninstall opencv-python-headless && pip install opencv-python`"
            )
        progress = stack.enter_context(_progress(source, console))
        find_pose = _pose_finder(arguments, source, estimator)
        estimates = _estimates(source, find_pose, arguments.min_score)
        timings = _consume(progress(estimates), consumers, window, source.kind)
    _print_summary(timings, console)
    return 0


def _check_arguments(arguments: argparse.Namespace) -> None:
    if not 0 <= arguments.min_score <= 1:
        raise ConfigError(f"--min-score must be within 0..1, not {arguments.min_score}")
    if arguments.output is not None and arguments.output.resolve() == Path(arguments.source).resolve():
        raise DataError(f"{arguments.output}: the output would overwrite the source")


def _open_window(arguments: argparse.Namespace, source: Source, stack: contextlib.ExitStack) -> Window | None:
    if arguments.no_display:
        return None
    problem = display_problem()
    if problem is not None:
        print(f"no window: {problem}", file=sys.stderr)
        return None
    window = Window(wait=source.kind in PICTURE_KINDS)
    stack.callback(window.close)
    return window


def _consumers(
    arguments: argparse.Namespace, source: Source, console: Console, stack: contextlib.ExitStack
) -> list[Consumer]:
    """What is done with each estimate besides showing it."""
    consumers: list[Consumer] = []
    if source.kind in PICTURE_KINDS:
        consumers.append(lambda estimate: _print_pose(estimate, arguments.min_score, console))
    if arguments.output is not None:
        sink = stack.enter_context(open_output(arguments.output, source))
        consumers.append(lambda estimate: sink(estimate.name, estimate.drawn))
    if arguments.jsonl is not None:
        file = stack.enter_context(_text_file(arguments.jsonl))
        consumers.append(lambda estimate: print(json_line(estimate), file=file))
    return consumers


@contextlib.contextmanager
def _text_file(path: Path) -> Iterator[TextIO]:
    with replaced_file(path) as temporary, temporary.open("w", encoding="utf-8") as file:
        yield file


@contextlib.contextmanager
def _progress(source: Source, console: Console) -> Iterator[Callable[[Iterator[Estimate]], Iterator[Estimate]]]:
    """Wraps the estimates in a progress bar where there is an end to wait for."""
    if source.kind not in (SourceKind.FOLDER, SourceKind.VIDEO):
        yield lambda estimates: estimates
        return
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console) as progress:
        yield lambda estimates: iter(progress.track(estimates, source.length, description=source.kind.value))


def _pose_finder(
    arguments: argparse.Namespace, source: Source, estimator: PoseEstimator
) -> Callable[[np.ndarray, int], Pose]:
    """From a frame and its number to the pose. Frames of a sequence are followed, pictures are each on their own."""
    tracking = not arguments.no_tracking
    if source.kind in PICTURE_KINDS:
        if tracking:
            return lambda frame, _: find_in_picture(estimator, frame)
        return lambda frame, _: estimator(frame)
    tracker = PoseTracker(estimator, tracking, not arguments.no_smoothing)
    if source.kind is SourceKind.LIVE:
        return lambda frame, _: tracker(frame, time.monotonic())
    frames_per_second = source.frames_per_second or DEFAULT_FRAMES_PER_SECOND
    return lambda frame, number: tracker(frame, number / frames_per_second)


def _estimates(source: Source, find_pose: Callable[[np.ndarray, int], Pose], min_score: float) -> Iterator[Estimate]:
    for index, (name, frame) in enumerate(source):
        pose = find_pose(frame, index)
        yield Estimate(name, index, pose, draw_timings(draw_pose(frame, pose, min_score), pose.timings))


def _consume(
    estimates: Iterator[Estimate], consumers: list[Consumer], window: Window | None, kind: SourceKind
) -> list[Timings]:
    """Go through all estimates, or until the window is closed; Ctrl-C ends a recording from a camera."""
    timings = []
    try:
        for estimate in estimates:
            timings.append(estimate.pose.timings)
            for consume in consumers:
                consume(estimate)
            if window is not None and not window.show(estimate.drawn):
                break
    except KeyboardInterrupt:
        if kind is not SourceKind.LIVE:
            raise
    return timings


def _print_pose(estimate: Estimate, min_score: float, console: Console) -> None:
    console.print(keypoint_table(estimate, min_score))
    console.print(stage_times(estimate.pose.timings))


def keypoint_table(estimate: Estimate, min_score: float) -> Table:
    """Every keypoint with its place in the picture and its score; dim where it is not drawn."""
    table = Table(title=f"{estimate.name}: mean score {estimate.pose.score:.2f}")
    table.add_column("keypoint")
    for column in ("x (px)", "y (px)", "score"):
        table.add_column(column, justify="right")
    for name, (x, y, score) in zip(estimate.pose.skeleton.names, estimate.pose.keypoints, strict=True):
        style = "dim" if score < min_score else None
        table.add_row(name, f"{x:.1f}", f"{y:.1f}", f"{score:.2f}", style=style)
    return table


def stage_times(timings: Timings) -> str:
    """The stages' milliseconds in words."""
    return (
        f"pre-processing {timings.preprocess_ms:.2f} ms, network {timings.network_ms:.2f} ms, "
        f"decode {timings.decode_ms:.3f} ms"
    )


def json_line(estimate: Estimate) -> str:
    """One line of the --jsonl file."""
    return json.dumps(
        {"source": estimate.name, "frame": estimate.frame_number} | estimate.pose.to_dict(), ensure_ascii=False
    )


def _print_summary(timings: list[Timings], console: Console) -> None:
    """The stages' medians, where there is more than one frame."""
    if len(timings) < 2:
        return
    medians = np.median([astuple(stages) for stages in timings], axis=0)
    console.print(f"median of {len(timings)} frames: {stage_times(Timings(*medians))}")
