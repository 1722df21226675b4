"""What the decoder accepts, said once for every backend."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal, NamedTuple, get_args

import numpy as np

from movenet.errors import DecodeError

# The limits of the C library (cpp_postprocess/include/movenet/postprocess.h).
MAX_KEYPOINTS = 4096
MAX_GRID = 4096

# What the numbers of heatmap and center are: `movenet.decoding.reference.read_values` says what each means.
ValuesName = Literal["any", "probabilities", "logits"]

_DTYPES = (np.dtype(np.float32), np.dtype(np.float16))


class MapSizes(NamedTuple):
    """How many keypoints there are, and how many cells a side of the grid has."""

    keypoints: int
    grid: int


def check_maps(
    heatmap: np.ndarray, center: np.ndarray, reg: np.ndarray, offset: np.ndarray, values: ValuesName = "any"
) -> MapSizes:
    """Sizes of one image's maps.

    Raises:
        DecodeError: if one is not a float32 or float16 NumPy array, their shapes do not fit each other, or `values` is
            not a known name.
    """
    if values not in get_args(ValuesName):
        raise DecodeError(f"unknown values '{values}'; known: {', '.join(get_args(ValuesName))}")
    for name, array in (("heatmap", heatmap), ("center", center), ("reg", reg), ("offset", offset)):
        if not isinstance(array, np.ndarray):
            raise DecodeError(f"{name}: expected a NumPy array, got {type(array).__name__}")
        if array.dtype not in _DTYPES:
            raise DecodeError(f"{name}: expected dtype float32 or float16, got {array.dtype} {list(array.shape)}")
    return check_shapes(heatmap.shape, center.shape, reg.shape, offset.shape)


def check_shapes(heatmap: Sequence[int], center: Sequence[int], reg: Sequence[int], offset: Sequence[int]) -> MapSizes:
    """Sizes from the shapes of one image's maps.

    Raises:
        DecodeError: unless they are [K, G, G], [G, G] or [1, G, G], [2K, G, G] and [2K, G, G].
    """
    if len(heatmap) != 3 or heatmap[1] != heatmap[2]:
        raise DecodeError(f"heatmap: expected shape [K, G, G], got {list(heatmap)}")
    keypoints, _, grid = heatmap
    if not 1 <= keypoints <= MAX_KEYPOINTS:
        raise DecodeError(f"heatmap: the number of keypoints must be 1 to {MAX_KEYPOINTS}, got {list(heatmap)}")
    if not 1 <= grid <= MAX_GRID:
        raise DecodeError(f"heatmap: the grid must be 1 to {MAX_GRID} cells wide, got {list(heatmap)}")
    plane, pairs = (grid, grid), (2 * keypoints, grid, grid)
    for name, form, shape, accepted in (
        ("center", "[G, G] or [1, G, G]", center, (plane, (1, *plane))),
        ("reg", "[2K, G, G]", reg, (pairs,)),
        ("offset", "[2K, G, G]", offset, (pairs,)),
    ):
        if tuple(shape) not in accepted:
            raise DecodeError(
                f"{name}: expected shape {form} with K = {keypoints} and G = {grid} as in heatmap, got {list(shape)}"
            )
    return MapSizes(keypoints, grid)
