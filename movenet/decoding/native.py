"""The compiled decoder (cpp_postprocess) for NumPy arrays."""

from __future__ import annotations

import numpy as np

from movenet.errors import RuntimeUnavailableError

try:
    from movenet import _postprocess
except ImportError as error:
    raise RuntimeUnavailableError(
        "the compiled decoder movenet._postprocess is not built: run `pip install .` (or `pip install -e .`) in the "
        f"repository, or use backend='numpy' ({error})"
    ) from error


def decode_image(heatmap: np.ndarray, center: np.ndarray, reg: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """float32 [K, 3] (x, y, score) of one image's maps, as `movenet.decoding.decode` takes them, already checked.

    Arrays are read in place; one whose cells do not lie one after another (a slice, a transposed view) is copied
    first. Other threads run meanwhile.
    """
    return _postprocess.decode(_in_place(heatmap), _in_place(center), _in_place(reg), _in_place(offset))


def _in_place(array: np.ndarray) -> np.ndarray:
    flags = array.flags
    return array if flags.c_contiguous and flags.aligned else array.copy(order="C")
