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
    low: float = 0.0,
    high: float = 1.0,
    reg_reach: float = 0.5,
    ties: bool = False,
    special_share: float = 0.0,
    center_on_border: bool = False,
) -> Maps:
    """Maps of uniform noise.

    Args:
        low, high: range of heatmap and center.
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
        noise(keypoints, low, high, ties),
        noise(1, low, high, ties),
        noise(2 * keypoints, -reg_reach * grid, reg_reach * grid, ties),
        noise(2 * keypoints, -1, 1, False),
    )
    if center_on_border:
        border = np.array([random.integers(grid), random.choice([0, grid - 1])])
        maps.center[(0, *random.permutation(border))] = 100 * max(1.0, high)
    for values in maps:
        special = random.random(values.shape) < special_share
        values[special] = random.choice(SPECIALS, int(special.sum()))
    return maps
