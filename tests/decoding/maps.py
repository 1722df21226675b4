"""Maps for the decoder's tests."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

SPECIALS = np.array([np.nan, np.inf, -np.inf, 3e38, -3e38, 1e-42, -0.0], np.float32)


class Maps(NamedTuple):
    """One image's maps, in the order in which `decode` takes them."""

    heatmap: np.ndarray
    center: np.ndarray
    reg: np.ndarray
    offset: np.ndarray


def empty_maps(keypoints: int, grid: int) -> Maps:
    """All cells 0."""
    channels = (keypoints, 1, 2 * keypoints, 2 * keypoints)
    return Maps(*(np.zeros((count, grid, grid), np.float32) for count in channels))


def random_maps(
    seed: int,
    keypoints: int,
    grid: int,
    *,
    value_range: tuple[float, float] = (0.0, 1.0),
    reg_reach: float = 0.5,
    ties: bool = False,
    special_share: float = 0.0,
    center_on_border: bool = False,
) -> Maps:
    """Maps of uniform noise.

    Args:
        value_range: lowest and highest value of heatmap and center.
        reg_reach: reg points this share of the grid away at most; above 1 mostly outside.
        ties: quarters instead of arbitrary values in heatmap, center and reg, so that many cells score the same.
        special_share: share of the cells, in every map, that are NaN, infinite, huge, subnormal or minus zero.
        center_on_border: the center's best cell is on the border.
    """
    random = np.random.default_rng(seed)

    def noise(channels: int, start: float, stop: float, stepped: bool) -> np.ndarray:
        values = random.uniform(start, stop, (channels, grid, grid))
        return (np.round(values * 4) / 4 if stepped else values).astype(np.float32)

    maps = Maps(
        noise(keypoints, *value_range, ties),
        noise(1, *value_range, ties),
        noise(2 * keypoints, -reg_reach * grid, reg_reach * grid, ties),
        noise(2 * keypoints, -1, 1, False),
    )
    if center_on_border:
        border = np.array([random.integers(grid), random.choice([0, grid - 1])])
        maps.center[(0, *random.permutation(border))] = 100 * max(1.0, value_range[1])
    for values in maps:
        special = random.random(values.shape) < special_share
        values[special] = random.choice(SPECIALS, int(special.sum()))
    return maps


def nearly_tied_maps(seed: int, keypoints: int, grid: int) -> Maps:
    """Maps in which every cell scores the same but for rounding, so that the arithmetic's last bit decides.

    The last keypoint shows which cell became the center.
    """
    random = np.random.default_rng(seed)
    # 4096ths of a cell: from any center cell reg leads to these points exactly, but squared distances are rounded.
    points_cells = np.round(random.uniform(-0.2, 1.2, (keypoints, 2)) * grid * 4096) / 4096
    y, x = np.mgrid[:grid, :grid]

    def reach(x_cells: np.ndarray, y_cells: np.ndarray) -> np.ndarray:
        return np.sqrt((x - x_cells) ** 2 + (y - y_cells) ** 2) + 1.8

    heatmap = random.uniform(0.1, 1, (keypoints, 1, 1)) * reach(*points_cells.T[..., None, None])
    center = random.uniform(0.1, 1) * reach(np.array(grid / 2), np.array(grid / 2))
    reg = points_cells[:, :, None, None] - np.stack([x, y])
    # A keypoint without a finite cell lies where reg points: here, at the center cell.
    heatmap[-1], reg[-1] = np.nan, 0
    maps = (heatmap, center, reg, np.zeros_like(reg))
    return Maps(*(values.reshape(-1, grid, grid).astype(np.float32) for values in maps))
