"""Pixels of the training persons' pictures: from the files, or from a cache that holds what is asked of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from movenet.data.cache import CropCache
from movenet.data.pictures import read_annotated
from movenet.data.sets import Entry
from movenet.geometry import matrix_from_part


class EntryPictures:
    """The picture of each entry.

    Args:
        entries: the persons.
        cache: of the same entries; without one, a picture is decoded each time.
    """

    def __init__(self, entries: Sequence[Entry], cache: CropCache | None = None) -> None:
        self._entries = entries
        self._cache = cache

    def read(self, index: int, matrix: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Pixels of an entry's picture, uint8 BGR, and a `_px` -> `_input` matrix as a matrix for these pixels.

        Raises:
            DataError: if the picture cannot be read.
        """
        if self._cache is None:
            return read_annotated(self._entries[index].picture), matrix
        pixels, part, halvings = self._cache[index]
        return pixels, matrix_from_part(matrix, part, halvings)
