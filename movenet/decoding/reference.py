"""The decode rule, readable: the reference that the other implementations are held against.

The maps are one image's: heatmap [K, G, G], center [G, G], reg and offset [2K, G, G] (x0, y0, x1, y1, ...), in cells.
Every step is one IEEE float32 operation, rounded to nearest, in the order written; none is fused with the next:

    reach(dx, dy) = sqrt(dx * dx + dy * dy) + 1.8
    1. (cx, cy)   = argmax over cells (x, y) of center(x, y) * (1 / reach(x - G/2, y - G/2))
    2. (rx, ry)   = (cx + reg[2k](cx, cy), cy + reg[2k+1](cx, cy)), neither rounded nor clamped
    3. (px, py)   = argmax over cells (x, y) of heatmap[k](x, y) / reach(x - rx, y - ry)
    4. point k    = ((px + offset[2k](px, py)) / G, (py + offset[2k+1](px, py)) / G), score heatmap[k](px, py)

Before that, float16 maps become float32, and heatmap and center what `read_values` makes of them.

Of equal cells the first in row-major order wins. Points may lie outside 0..1. NaN and infinities:

- such a cell of heatmap or center is never selected;
- a center map without any finite cell: the middle cell (G // 2, G // 2) is the center;
- such a value of reg or offset is read as 0;
- a heatmap without any finite cell: the point is (rx / G, ry / G), its score 0.

So the result is finite whatever comes in.
"""

from __future__ import annotations

import numpy as np

from movenet.decoding.checks import ValuesName

# np.float32, not Python floats: NumPy 1 computes a float32 scalar and a Python float in float64.
_REACH_AT_ZERO = np.float32(1.8)
_ONE = np.float32(1)


def decode_image(
    heatmap: np.ndarray, center: np.ndarray, reg: np.ndarray, offset: np.ndarray, values: ValuesName = "any"
) -> np.ndarray:
    """float32 [K, 3] (x, y, score) of one image's maps, as `movenet.decoding.decode` takes them, already checked."""
    keypoints, _, grid = heatmap.shape
    heatmap, center = read_values(heatmap, values), read_values(center, values)
    reg, offset = reg.astype(np.float32, copy=False), offset.astype(np.float32, copy=False)
    # Far-off points overflow to an infinite distance, which scores 0: defined, and no reason to warn.
    with np.errstate(all="ignore"):
        person_x, person_y = _find_center(center.reshape(grid, grid))
        shifts = _finite_or_zero(reg[:, person_y, person_x]).reshape(keypoints, 2)
        regressed = np.array([person_x, person_y], np.float32) + shifts

        flat, found = _first_best(heatmap, heatmap / _reach(regressed, grid))
        cell_x, cell_y = flat % grid, flat // grid
        channel = np.arange(keypoints)
        fine_x = _finite_or_zero(offset[2 * channel, cell_y, cell_x])
        fine_y = _finite_or_zero(offset[2 * channel + 1, cell_y, cell_x])
        placed = np.column_stack([cell_x.astype(np.float32) + fine_x, cell_y.astype(np.float32) + fine_y])

        points_cells = np.where(found[:, None], placed, regressed)
        score = np.where(found, heatmap[channel, cell_y, cell_x], np.float32(0))
        return np.column_stack([points_cells / np.float32(grid), score])


def read_values(numbers: np.ndarray, values: ValuesName) -> np.ndarray:
    """What float32 or float16 numbers of heatmap or center stand for, as float32 of the same shape.

    - `any`: themselves;
    - `probabilities`: themselves, but 1 for finite ones above 1, so that no cell can score more than 1 / reach;
    - `logits`: their sigmoid, computed in float64 and rounded once.

    NaN and infinities stay what they are.
    """
    numbers = numbers.astype(np.float32, copy=False)
    if values == "any":
        return numbers
    if values == "probabilities":
        return np.where(np.isfinite(numbers), np.minimum(numbers, _ONE), numbers)
    with np.errstate(over="ignore"):
        sigmoid = (1 / (1 + np.exp(-numbers.astype(np.float64)))).astype(np.float32)
    return np.where(np.isfinite(numbers), sigmoid, numbers)


def _find_center(center: np.ndarray) -> tuple[int, int]:
    """Cell (x, y) of the person, of a [G, G] map."""
    grid = len(center)
    middle = np.full((1, 2), np.float32(grid) / np.float32(2))
    weight = _ONE / _reach(middle, grid)
    flat, found = _first_best(center[None], center[None] * weight)
    if not found[0]:
        return grid // 2, grid // 2
    return int(flat[0]) % grid, int(flat[0]) // grid


def _reach(points_cells: np.ndarray, grid: int) -> np.ndarray:
    """float32 [K, G, G]: how far every cell is from each of the [K, 2] points, as the rule counts it."""
    axis = np.arange(grid, dtype=np.float32)
    dx = axis[None, None, :] - points_cells[:, 0, None, None]
    dy = axis[None, :, None] - points_cells[:, 1, None, None]
    return np.sqrt(dx * dx + dy * dy) + _REACH_AT_ZERO


def _first_best(values: np.ndarray, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Flat index [K] of the best-scored finite cell of each [K, G, G] map, and whether [K] the map has one."""
    eligible = np.isfinite(values).reshape(len(values), -1)
    # np.argmax gives the first of equal cells, and reads row-major whatever the memory layout.
    flat = np.where(eligible, scores.reshape(len(values), -1), np.float32(-np.inf)).argmax(axis=1)
    return flat, eligible.any(axis=1)


def _finite_or_zero(values: np.ndarray) -> np.ndarray:
    return np.nan_to_num(values, nan=0.0, posinf=0.0, neginf=0.0)
