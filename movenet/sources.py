"""Where frames come from: a picture, a folder of pictures, a video file, a camera or a network stream."""

from __future__ import annotations

import contextlib
import logging
import os
from collections.abc import Iterator, Sequence
from enum import Enum
from pathlib import Path
from typing import Protocol
from urllib.parse import urlsplit

import cv2
import numpy as np

from movenet.errors import SourceError

PICTURE_SUFFIXES = (".bmp", ".jpeg", ".jpg", ".png", ".tif", ".tiff", ".webp")
# Cameras and broken files report rates such as 0 or 90000.
MAX_FRAMES_PER_SECOND = 1000.0

_log = logging.getLogger(__name__)


class SourceKind(Enum):
    """What a source is; it decides what its output is."""

    PICTURE = "picture"
    FOLDER = "folder"
    VIDEO = "video"
    LIVE = "live"


class Source(Protocol):
    """Frames one after the other; can be gone through once.

    Attributes:
        kind: what it is.
        length: number of frames where it is known (a video's is what its header says).
        frames_per_second: where it is known.
    """

    kind: SourceKind
    length: int | None
    frames_per_second: float | None

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        """(name, uint8 BGR [height, width, 3]); the name is the file's, the camera's or the stream's."""


class PictureSource:
    """Picture files. One that cannot be read is an error if it is the only one, and left out with a warning if not."""

    def __init__(self, paths: Sequence[Path], kind: SourceKind) -> None:
        self.kind = kind
        self.length: int | None = len(paths)
        self.frames_per_second: float | None = None
        self._paths = paths

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        readable = 0
        for path in self._paths:
            try:
                frame = _read_upright(path)
            except SourceError as error:
                if self.kind is SourceKind.PICTURE:
                    raise
                _log.warning("left out: %s", error)
                continue
            readable += 1
            yield path.name, frame
        if not readable:
            raise SourceError(f"{self._paths[0].parent}: none of its {self.length} pictures can be read")


class CaptureSource:
    """What OpenCV opens as a video: a file, a camera's index or a stream's address.

    Raises:
        SourceError: if it cannot be opened, or gives no first frame.
    """

    def __init__(self, address: str | int, name: str, kind: SourceKind) -> None:
        self.kind = kind
        self._name = name
        self._capture = _open_capture(address)
        opened, self._first = self._capture.read()
        if not opened:
            self._capture.release()
            raise SourceError(f"{name}: {_REASONS[kind]}")
        # OpenCV answers 0, a negative number or NaN for what it does not know; a comparison with NaN is false.
        count = self._capture.get(cv2.CAP_PROP_FRAME_COUNT)
        self.length: int | None = int(count) if kind is SourceKind.VIDEO and count > 0 else None
        rate = self._capture.get(cv2.CAP_PROP_FPS)
        self.frames_per_second: float | None = rate if 0 < rate <= MAX_FRAMES_PER_SECOND else None

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        read, frame = True, self._first
        try:
            while read:
                yield self._name, frame
                read, frame = self._capture.read()
        finally:
            self._capture.release()


_REASONS = {
    SourceKind.VIDEO: "not a video that OpenCV can read",
    SourceKind.LIVE: "no such camera or stream, or it gives no picture",
}


def open_source(source: str) -> Source:
    """Open whatever the text names.

    Args:
        source: digits are a camera's index, `scheme://...` is a stream, anything else a path.

    Raises:
        SourceError: if it does not exist, or cannot be opened.
    """
    if source.isdecimal():
        return CaptureSource(int(source), f"camera {source}", SourceKind.LIVE)
    if "://" in source:
        return CaptureSource(source, _without_password(source), SourceKind.LIVE)
    path = Path(source)
    if path.is_dir() or path.suffix.lower() in PICTURE_SUFFIXES:
        return open_pictures(source)
    if not path.is_file():
        raise SourceError(f"{path}: no such file or folder")
    return CaptureSource(source, path.name, SourceKind.VIDEO)


def open_pictures(source: str) -> PictureSource:
    """Open a picture file, or a folder of them (its sub-folders are left alone).

    Raises:
        SourceError: if it does not exist, or the folder holds no picture.
    """
    path = Path(source)
    if not path.is_dir():
        return PictureSource([path], SourceKind.PICTURE)
    paths = sorted(entry for entry in path.iterdir() if entry.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise SourceError(f"{path}: holds no pictures ({', '.join(PICTURE_SUFFIXES)})")
    return PictureSource(paths, SourceKind.FOLDER)


def _read_upright(path: Path) -> np.ndarray:
    """Decode a picture as it is looked at, with its EXIF orientation applied; uint8 BGR [height, width, 3]."""
    try:
        encoded = np.fromfile(path, np.uint8)
    except OSError as error:
        raise SourceError(f"{path}: the picture cannot be read: {error.strerror}") from error
    with _quiet_opencv():
        frame = cv2.imdecode(encoded, cv2.IMREAD_COLOR) if encoded.size else None
    if frame is None:
        raise SourceError(f"{path}: not a picture, or a truncated one")
    return frame


def _open_capture(address: str | int) -> cv2.VideoCapture:
    # FFmpeg inside OpenCV writes its own complaints to stderr; ours says the same in one line.
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")
    with _quiet_opencv():
        return cv2.VideoCapture(address)


@contextlib.contextmanager
def _quiet_opencv() -> Iterator[None]:
    level = cv2.utils.logging.getLogLevel()
    cv2.utils.logging.setLogLevel(cv2.utils.logging.LOG_LEVEL_SILENT)
    try:
        yield
    finally:
        cv2.utils.logging.setLogLevel(level)


def _without_password(address: str) -> str:
    parts = urlsplit(address)
    return parts._replace(netloc=parts.netloc.rpartition("@")[-1]).geturl()
