"""The targets of one sample in plain NumPy, keypoint by keypoint: the measure and test of `movenet.data.targets`."""

from __future__ import annotations

import numpy as np

from movenet.data.targets import TargetConfig


def encode_sample(
    points_unit: np.ndarray,
    labelled: np.ndarray,
    size_unit: np.ndarray,
    ignored: np.ndarray,
    grid_size: int,
    config: TargetConfig,
) -> dict[str, np.ndarray]:
    """The maps of `movenet.data.targets.Targets` by name, without their leading axis.

    Args:
        points_unit: float32 [P, K, 2].
        labelled: bool [P, K].
        size_unit: float32 [P].
        ignored: bool [K].
        grid_size: G.
        config: shape of the targets.
    """
    num_keypoints = len(ignored)
    points = points_unit * np.float32(grid_size)
    radius = np.clip(size_unit * grid_size * config.radius_share, config.radius_min_cells, config.radius_max_cells)
    heatmap = np.zeros((num_keypoints, grid_size, grid_size), np.float32)
    center_map = np.zeros((1, grid_size, grid_size), np.float32)
    reg, reg_mask, offset, offset_mask = (
        np.zeros((2 * num_keypoints, grid_size, grid_size), np.float32) for _ in range(4)
    )
    for person in reversed(range(len(points))):
        known = np.flatnonzero(labelled[person])
        if len(known) == 0:
            continue
        for k in known:
            cell = _cell(points[person, k], grid_size)
            np.maximum(heatmap[k], _peak(cell, radius[person], grid_size, config.kernel), out=heatmap[k])
            _write(offset, offset_mask, k, cell, points[person, k], config.offset_radius_cells)
        mine = points[person, known]
        middle = mine.mean(axis=0) if config.center == "mean" else (mine.min(axis=0) + mine.max(axis=0)) / 2
        cell = _cell(middle, grid_size)
        np.maximum(center_map[0], _peak(cell, radius[person], grid_size, config.kernel), out=center_map[0])
        if person == 0:
            for k in known:
                _write(reg, reg_mask, k, cell, points[0, k], config.reg_radius_cells)
    heatmap_mask = 1 - ignored.astype(np.float32)[:, None, None]
    return {
        "heatmap": heatmap,
        "heatmap_mask": heatmap_mask,
        "center": center_map,
        "reg": reg,
        "reg_mask": reg_mask,
        "offset": offset,
        "offset_mask": offset_mask,
    }


def _cell(point: np.ndarray, grid_size: int) -> np.ndarray:
    return np.clip(np.floor(point + np.float32(0.5)), 0, grid_size - 1).astype(int)


def _peak(cell: np.ndarray, radius: float, grid_size: int, kernel: str) -> np.ndarray:
    axis = np.arange(grid_size, dtype=np.float32)
    squared = ((axis - cell[1]) ** 2)[:, None] + (axis - cell[0]) ** 2
    if kernel == "gaussian":
        return np.exp(squared / np.float32(-2 * radius**2))
    return np.exp(np.sqrt(squared) / np.float32(-radius))


def _write(
    maps: np.ndarray, mask: np.ndarray, keypoint: int, cell: np.ndarray, point: np.ndarray, radius: float
) -> None:
    """Into the cells of a disc around a cell, the vector from there to a point."""
    grid_size, reach = maps.shape[-1], int(radius)
    x0, y0 = np.maximum(cell - reach, 0)
    x1, y1 = np.minimum(cell + reach + 1, grid_size)
    x, y = np.arange(x0, x1), np.arange(y0, y1)[:, None]
    disc = (x - cell[0]) ** 2 + (y - cell[1]) ** 2 <= radius**2
    for axis, vector in enumerate((point[0] - x, point[1] - y)):
        place = (2 * keypoint + axis, slice(y0, y1), slice(x0, x1))
        maps[place] = np.where(disc, vector, maps[place])
        mask[place] = np.maximum(mask[place], disc)
