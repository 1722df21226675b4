"""`movenet data frames`: pictures worth labelling out of videos."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from movenet.commands.data.selection import progress_bar
from movenet.data.frames import Choice, FrameRules, choose_frames, frame_name, gray_copy, sharpest_frames
from movenet.errors import ConfigError, DataError, SourceError
from movenet.outputs import DEFAULT_FRAMES_PER_SECOND, new_folder, write_picture
from movenet.sources import SourceKind, open_source

NAME = "frames"
HELP = "Take pictures out of videos: every few seconds the sharpest frame, without blurred and doubled ones."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    defaults = FrameRules()
    parser.add_argument("videos", nargs="+", type=Path, metavar="VIDEO", help="video files")
    parser.add_argument("--output", type=Path, required=True, metavar="FOLDER", help="new folder for the pictures")
    parser.add_argument(
        "--every", type=float, default=defaults.every_seconds, metavar="SECONDS", help="default: %(default)s"
    )
    parser.add_argument(
        "--min-change",
        type=float,
        default=defaults.min_change,
        help="drop frames that differ less from a sharper one, of 255 (default: %(default)s)",
    )
    parser.add_argument(
        "--min-sharpness",
        type=float,
        default=defaults.min_sharpness,
        help="drop frames below this share of the video's median sharpness (default: %(default)s)",
    )


def run(arguments: argparse.Namespace) -> int:
    """Take and write the frames; returns the exit status."""
    rules = FrameRules(arguments.every, arguments.min_change, arguments.min_sharpness)
    names = [video.stem for video in arguments.videos]
    if len(set(names)) != len(names):
        raise ConfigError("two videos have the same name: their pictures would have, too")
    lines = []
    with new_folder(arguments.output) as folder:
        for video in arguments.videos:
            choice = _from_video(video, folder, rules)
            dropped = f"{choice.blurred} more were blurred, {choice.doubled} nearly the same as others"
            lines.append(f"{video}: {sum(choice.kept)} pictures ({dropped})")
        if not any(folder.iterdir()):
            raise DataError(f"{arguments.output}: not one frame was taken")
    print("\n".join(lines))
    return 0


def _from_video(video: Path, folder: Path, rules: FrameRules) -> Choice:
    """Write a video's pictures; says which stayed."""
    source = open_source(str(video))
    if source.kind is not SourceKind.VIDEO:
        raise SourceError(f"{video}: not a video file")
    rate = source.frames_per_second or DEFAULT_FRAMES_PER_SECOND
    written: list[Path] = []
    sharpness: list[float] = []
    grays: list[np.ndarray] = []
    with progress_bar() as progress:
        frames = (frame for _, frame in progress.track(source, source.length, description=video.name))
        for candidate in sharpest_frames(frames, rate, rules):
            written.append(folder / f"{frame_name(video.stem, candidate.seconds)}.jpg")
            write_picture(written[-1], candidate.image)
            sharpness.append(candidate.sharpness)
            grays.append(gray_copy(candidate.image))
    choice = choose_frames(sharpness, grays, rules)
    for path, kept in zip(written, choice.kept, strict=True):
        if not kept:
            path.unlink()
    return choice
