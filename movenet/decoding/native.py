"""The compiled decoder (cpp_postprocess) for NumPy arrays."""

from __future__ import annotations

import numpy as np

from movenet.decoding.checks import ValuesName
from movenet.errors import RuntimeUnavailableError

try:
    from movenet import _postprocess
except ImportError as error:
    raise RuntimeUnavailableError(
        "the compiled decoder movenet._postprocess is not built: run `pip install .` (or `pip install -e .`) in the "
        f"repository, or use backend='numpy' ({error})"
    ) from error


def decode_image(
    heatmap: np.ndarray, center: np.ndarray, reg: np.ndarray, offset: np.ndarray, values: ValuesName = "any"
) -> np.ndarray:
    """float32 [K, 3] (x, y, score) of one image's maps, as `movenet.decoding.decode` takes them, already checked.

    Arrays are read in place, slices and transposed views too; an unaligned one is copied first. Other threads run
    meanwhile.
    """
    return _postprocess.decode(_aligned(heatmap), _aligned(center), _aligned(reg), _aligned(offset), values)


def _aligned(array: np.ndarray) -> np.ndarray:
    return array if array.flags.aligned else array.copy()
