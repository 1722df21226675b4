"""Picture files to arrays."""

from __future__ import annotations

import os
from pathlib import Path, PurePosixPath

import cv2
import numpy as np

from movenet.data.records import PictureRecord
from movenet.errors import DataError, RuntimeUnavailableError

_EXIF_ORIENTATION = 0x0112
# From this value on, the stored picture lies on its side.
_FIRST_SIDEWAYS = 5


def find_picture(images: Path, named: str) -> Path | None:
    """The picture of a folder that a file of annotations names; None if there is none.

    Annotation tools name pictures by a path of the machine that wrote the file, possibly one with backslashes: the
    longest end of it that is a file in the folder counts.

    Args:
        images: the folder.
        named: the path.
    """
    parts = PurePosixPath(named.replace("\\", "/")).parts
    ends = (images.joinpath(*parts[start:]) for start in range(len(parts)))
    # Unlike `Path.is_file`, no error for a name that is longer than any file's.
    return next((path for path in ends if os.path.isfile(path)), None)  # noqa: PTH113


def read_annotated(picture: PictureRecord) -> np.ndarray:
    """Decode the picture of a record, turned as its annotations want it; uint8 BGR [height, width, 3].

    Raises:
        DataError: if it cannot be read, or has another size than its annotations say.
    """
    expected = picture.height_px, picture.width_px
    image = read_picture(picture.path, picture.upright)
    if image.shape[:2] == expected[::-1] != expected:
        # Tools that export COCO json from phone pictures measure them as they are looked at.
        image = read_picture(picture.path, upright=True)
    if image.shape[:2] != expected:
        height, width = image.shape[:2]
        raise DataError(
            f"{picture.path}: the picture is {width} x {height} pixels, but its annotations are for "
            f"{picture.width_px} x {picture.height_px}"
        )
    return image


def read_picture(path: str | Path, upright: bool = False) -> np.ndarray:
    """Decode a picture file to uint8 BGR [height, width, 3].

    Args:
        path: of the file.
        upright: whether the picture is turned as its EXIF orientation says.

    Raises:
        DataError: if the file is missing, empty, truncated or no picture.
    """
    try:
        encoded = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DataError(f"{path}: the picture cannot be read: {error.strerror}") from error
    if encoded.size == 0:
        raise DataError(f"{path}: the picture file is empty")
    orientation = 0 if upright else cv2.IMREAD_IGNORE_ORIENTATION
    image = cv2.imdecode(encoded, cv2.IMREAD_COLOR | orientation)
    if image is None:
        raise DataError(f"{path}: not a picture, or a truncated one")
    return image


def upright_size(path: Path) -> tuple[int, int]:
    """Width and height of a picture as it is looked at, from its header alone.

    Raises:
        DataError: if the file is missing or no picture.
        RuntimeUnavailableError: if Pillow is not installed.
    """
    width, height, orientation = _header(path)
    return (height, width) if orientation >= _FIRST_SIDEWAYS else (width, height)


def stored_turned(path: Path) -> bool:
    """Whether a picture is stored in another way than it is looked at; errors as of `upright_size`."""
    return _header(path)[2] > 1


def _header(path: Path) -> tuple[int, int, int]:
    """Stored width and height, and the EXIF orientation, 1 if there is none."""
    try:
        from PIL import Image, UnidentifiedImageError
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}: pip install 'movenet-edge[data]'") from error
    try:
        with Image.open(path) as picture:
            return *picture.size, int(picture.getexif().get(_EXIF_ORIENTATION, 1))
    except UnidentifiedImageError as error:
        raise DataError(f"{path}: not a picture") from error
    except (OSError, ValueError) as error:  # ValueError: a name that no file can have
        raise DataError(f"{path}: the picture cannot be read: {getattr(error, 'strerror', None) or error}") from error
