"""Picture files to arrays."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from movenet.errors import DataError


def read_picture(path: str | Path) -> np.ndarray:
    """Decode a picture file to uint8 BGR [height, width, 3]; EXIF orientation is NOT applied (COCO's convention).

    Raises:
        DataError: if the file is missing, empty, truncated or no picture.
    """
    try:
        encoded = np.fromfile(path, np.uint8)
    except OSError as error:
        raise DataError(f"{path}: the picture cannot be read: {error.strerror}") from error
    if encoded.size == 0:
        raise DataError(f"{path}: the picture file is empty")
    image = cv2.imdecode(encoded, cv2.IMREAD_COLOR | cv2.IMREAD_IGNORE_ORIENTATION)
    if image is None:
        raise DataError(f"{path}: not a picture, or a truncated one")
    return image
