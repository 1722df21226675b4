"""From the network's four output maps to keypoints.

`decode` takes one image's maps; `movenet.decoding.batched.decode_batch` takes torch batches. The rule, its arithmetic
and what happens to NaN and infinities stand in `movenet.decoding.reference`; every backend keeps it to the last bit.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable
from functools import cache

import numpy as np

from movenet.decoding.checks import ValuesName, check_maps
from movenet.errors import DecodeError

__all__ = ["BACKENDS", "decode"]

_MODULES = {
    "cpp": "movenet.decoding.native",
    "numpy": "movenet.decoding.reference",
    "torch": "movenet.decoding.batched",
}
BACKENDS = tuple(_MODULES)

_Decoder = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray, ValuesName], np.ndarray]


def decode(
    heatmap: np.ndarray,
    center: np.ndarray,
    reg: np.ndarray,
    offset: np.ndarray,
    backend: str = "cpp",
    values: ValuesName = "any",
) -> np.ndarray:
    """Decode one image's maps of K keypoints on a G x G grid; each map is float32 or float16.

    Args:
        heatmap: [K, G, G], how likely each cell is to hold each keypoint.
        center: [G, G] or [1, G, G], how likely each cell is to be a person's center.
        reg: [2K, G, G], x0, y0, x1, ...: from the center cell to each keypoint, in cells.
        offset: [2K, G, G], x0, y0, x1, ...: from the keypoint's cell to its exact place, in cells.
        backend: "cpp" (compiled, the fast one), "numpy" (the reference) or "torch" (on the CPU).
        values: what heatmap and center hold: "probabilities" (after the sigmoid, at most 1: the fastest, a value above
            1 is read as 1), "logits" (before the sigmoid), or "any" numbers, compared as they are.

    Returns:
        float32 [K, 3]: x and y as shares of the input square (0..1 inside it), score. Always finite.

    Raises:
        DecodeError: for other shapes or dtypes, or an unknown backend or kind of values.
        RuntimeUnavailableError: if the backend's module is not built or its package not installed.
    """
    decode_image = _load(backend)
    check_maps(heatmap, center, reg, offset, values)
    return decode_image(heatmap, center, reg, offset, values)


@cache
def _load(backend: str) -> _Decoder:
    """The backend's `decode_image`, imported only now: torch is slow to import, and absent on most boards."""
    if backend not in _MODULES:
        raise DecodeError(f"unknown decoder backend '{backend}'; known: {', '.join(BACKENDS)}")
    decode_image: _Decoder = importlib.import_module(_MODULES[backend]).decode_image
    return decode_image
