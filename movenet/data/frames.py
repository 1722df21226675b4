"""Pictures worth labelling out of a video: one every few seconds, the sharpest of its time, and none twice.

Sharpness is the variance of the Laplacian on a copy of one size; it says nothing across videos (a plain wall is never
sharp), so that frames are dropped by how they compare with the others of their video. Of frames that are nearly the
same the sharpest stays: a camera that has yet to focus shows the same scene first blurred and then sharp.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np

from movenet.errors import ConfigError

_COPY_SIDE_PX = 320
_GRAY_SIDE = 64
_BLOCK = 8
# Frames looked at for each one taken.
_LOOKS = 8
# As `frame_name` makes it.
_FRAME_NAME = re.compile(r"(?P<video>.+)_(?P<seconds>\d{5,}\.\d\d)s")


@dataclass(frozen=True)
class FrameRules:
    """Which frames are taken.

    Attributes:
        every_seconds: one frame of each such stretch, the sharpest.
        min_change: two frames are nearly the same unless somewhere (in one of 8 x 8 fields) their gray values differ by
            this much, of 255, on average.
        min_sharpness: frames below this share of their video's median sharpness are blurred.
    """

    every_seconds: float = 1.0
    min_change: float = 10.0
    min_sharpness: float = 0.4

    def __post_init__(self) -> None:
        if self.every_seconds <= 0 or self.min_change < 0 or not 0 <= self.min_sharpness < 1:
            raise ConfigError("frames: needs every > 0 seconds, min-change >= 0 and min-sharpness in 0..1")


class Candidate(NamedTuple):
    """The sharpest frame of a stretch.

    Attributes:
        seconds: its time in the video.
        sharpness: to compare with that of others.
        image: uint8 BGR [height, width, 3].
    """

    seconds: float
    sharpness: float
    image: np.ndarray


class Choice(NamedTuple):
    """What becomes of a video's candidates, in their order.

    Attributes:
        kept: bool each.
        blurred: how many were dropped for that ...
        doubled: ... and how many as nearly the same as a sharper one.
    """

    kept: list[bool]
    blurred: int
    doubled: int


class FrameTime(NamedTuple):
    """Which frame a picture is.

    Attributes:
        video: folder and name of its video.
        seconds: its time in it.
    """

    video: str
    seconds: float


def frame_name(video: str, seconds: float) -> str:
    """The name of a frame's picture, without its ending; by it, frames of a video are told to be neighbours."""
    return f"{video}_{seconds:08.2f}s"


def frame_time(picture: Path) -> FrameTime | None:
    """Video and time that a picture's name tells; None if it is not named as `frame_name` does."""
    found = _FRAME_NAME.fullmatch(picture.stem)
    return FrameTime(str(picture.parent / found["video"]), float(found["seconds"])) if found else None


def sharpest_frames(frames: Iterable[np.ndarray], frames_per_second: float, rules: FrameRules) -> Iterator[Candidate]:
    """The sharpest of the frames looked at in each stretch; uint8 BGR each."""
    stride = max(1, round(rules.every_seconds * frames_per_second))
    step = max(1, stride // _LOOKS)
    best: Candidate | None = None
    for number, frame in enumerate(frames):
        if number % stride == 0 and best is not None:
            yield best
            best = None
        if number % stride % step == 0:
            sharp = sharpness(frame)
            if best is None or sharp > best.sharpness:
                best = Candidate(number / frames_per_second, sharp, frame)
    if best is not None:
        yield best


def choose_frames(sharpness_of_all: Sequence[float], grays: Sequence[np.ndarray], rules: FrameRules) -> Choice:
    """Which candidates of a video are neither blurred nor nearly the same as a sharper one.

    Args:
        sharpness_of_all: of each candidate.
        grays: its `gray_copy`.
        rules: what that means.
    """
    if not sharpness_of_all:
        return Choice([], 0, 0)
    limit = rules.min_sharpness * float(np.median(sharpness_of_all))
    sharp = [index for index, value in enumerate(sharpness_of_all) if value >= limit]
    chosen: list[int] = []
    for index in sorted(sharp, key=lambda index: -sharpness_of_all[index]):
        if all(change(grays[other], grays[index]) >= rules.min_change for other in chosen):
            chosen.append(index)
    kept = np.isin(np.arange(len(sharpness_of_all)), chosen).tolist()
    return Choice(kept, len(kept) - len(sharp), len(sharp) - len(chosen))


def sharpness(image_bgr: np.ndarray) -> float:
    """Variance of the Laplacian of the gray picture, its longer side brought to one size."""
    scale = _COPY_SIDE_PX / max(image_bgr.shape[:2])
    small = cv2.resize(image_bgr, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA) if scale < 1 else image_bgr
    return float(cv2.Laplacian(cv2.cvtColor(small, cv2.COLOR_BGR2GRAY), cv2.CV_32F).var())


def change(before: np.ndarray, after: np.ndarray) -> float:
    """The largest mean difference of 8 x 8 fields of two gray copies [64, 64]: a small person moves in a few only."""
    difference = cv2.absdiff(before, after).astype(np.float32)
    fields = difference.reshape(_GRAY_SIDE // _BLOCK, _BLOCK, _GRAY_SIDE // _BLOCK, _BLOCK)
    return float(fields.mean(axis=(1, 3)).max())


def gray_copy(image_bgr: np.ndarray) -> np.ndarray:
    """uint8 [64, 64], for `change`."""
    small = cv2.resize(image_bgr, (_GRAY_SIDE, _GRAY_SIDE), interpolation=cv2.INTER_AREA)
    return cv2.cvtColor(small, cv2.COLOR_BGR2GRAY)
