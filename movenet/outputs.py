"""Where drawn frames go: a picture, a folder of pictures or a video, according to the source.

Everything is written under a temporary name and moved into its place when it is whole.
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from pathlib import Path

import cv2
import numpy as np

from movenet.errors import DataError
from movenet.sources import PICTURE_SUFFIXES, Source, SourceKind

VIDEO_CODECS = {".mp4": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}
# Of sources that do not tell theirs.
DEFAULT_FRAMES_PER_SECOND = 25.0

Sink = Callable[[str, np.ndarray], None]
"""Takes a frame's name and the frame, uint8 BGR [height, width, 3]."""


def open_output(path: Path, source: Source) -> AbstractContextManager[Sink]:
    """The place for a source's frames: a file for a picture or a video, a folder for a folder.

    What was written is kept if the context ends well, and removed if it ends with an error.

    Raises:
        DataError: if the path's suffix is of no format for such a source, or the place cannot be written.
    """
    if source.kind is SourceKind.FOLDER:
        return _folder_output(path)
    if source.kind is SourceKind.PICTURE:
        check_picture_path(path)
        return _picture_output(path)
    _check_suffix(path, tuple(VIDEO_CODECS))
    return _video_output(path, source.frames_per_second or DEFAULT_FRAMES_PER_SECOND)


@contextlib.contextmanager
def replaced_file(path: Path) -> Iterator[Path]:
    """A temporary path beside `path`, moved there when the block ends well, and removed otherwise.

    Raises:
        DataError: if the file or its folder cannot be written.
    """
    # The suffix stays: it tells the encoders the format.
    temporary = path.with_name(f".{path.stem}.partial{path.suffix}")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


@contextlib.contextmanager
def new_folder(path: Path) -> Iterator[Path]:
    """A temporary folder that becomes `path` when the block ends well, and is removed otherwise.

    Raises:
        DataError: if there is something at `path` already, or it cannot be written.
    """
    if path.exists():
        raise DataError(f"{path}: exists already: give another place")
    temporary = path.with_name(f".{path.name}.partial")
    try:
        shutil.rmtree(temporary, ignore_errors=True)
        temporary.mkdir(parents=True)
        yield temporary
        temporary.replace(path)
    except OSError as error:
        raise DataError(f"{path}: cannot be written: {error.strerror}") from error
    finally:
        shutil.rmtree(temporary, ignore_errors=True)


def check_picture_path(path: Path) -> None:
    """What `write_picture` needs, known before the work that the picture is to show.

    Raises:
        DataError: if the path's suffix is of no format for pictures.
    """
    _check_suffix(path, PICTURE_SUFFIXES)


def write_picture(path: Path, frame_bgr: np.ndarray) -> None:
    """Encode by the path's suffix."""
    encoded = cv2.imencode(path.suffix, frame_bgr)[1]
    with replaced_file(path) as temporary:
        temporary.write_bytes(encoded.tobytes())


@contextlib.contextmanager
def _picture_output(path: Path) -> Iterator[Sink]:
    yield lambda _name, frame: write_picture(path, frame)


@contextlib.contextmanager
def _folder_output(folder: Path) -> Iterator[Sink]:
    if folder.exists() and not folder.is_dir():
        raise DataError(f"{folder}: the output of a folder must be a folder")
    yield lambda name, frame: write_picture(folder / name, frame)


@contextlib.contextmanager
def _video_output(path: Path, frames_per_second: float) -> Iterator[Sink]:
    with replaced_file(path) as temporary:
        video = _Video(temporary, VIDEO_CODECS[path.suffix.lower()], frames_per_second)
        try:
            yield video.write
        finally:
            video.close()


class _Video:
    """A video file that is opened by its first frame, which decides its size."""

    def __init__(self, path: Path, codec: str, frames_per_second: float) -> None:
        self._path = path
        self._fourcc = cv2.VideoWriter.fourcc(*codec)
        self._frames_per_second = frames_per_second
        self._writer: cv2.VideoWriter | None = None
        self._size = (0, 0)

    def write(self, name: str, frame: np.ndarray) -> None:
        size = (frame.shape[1], frame.shape[0])
        if self._writer is None:
            self._size = size
            self._writer = cv2.VideoWriter(str(self._path), self._fourcc, self._frames_per_second, size)
            if not self._writer.isOpened():
                raise DataError(f"{self._path.parent}: no video of {size[0]} x {size[1]} pixels can be written there")
        if size != self._size:
            raise DataError(f"{name}: the frames' size changed from {self._size} to {size}: a video has one size")
        self._writer.write(frame)

    def close(self) -> None:
        if self._writer is not None:
            self._writer.release()


def _check_suffix(path: Path, known: tuple[str, ...]) -> None:
    if path.suffix.lower() not in known:
        raise DataError(f"{path}: the output needs one of these suffixes: {', '.join(known)}")
