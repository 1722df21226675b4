"""The cache's pictures in a device's memory, and batches of crops cut out of them there.

Of each region the device holds all halvings, made by the same function as the workers' crops: a crop is then one
bilinear resampling of the level that fits, and costs the same at any size.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor

from movenet.data.cache import CropCache
from movenet.geometry import (
    Part,
    centered_matrix,
    fitting_halvings,
    matrix_from_part,
    matrix_scale,
    reduced_part,
)

_CHANNELS = 3
# What is collected before it is sent to the device.
_CHUNK_PIXELS = 16 * 1024 * 1024


class CropSource(NamedTuple):
    """Where a crop is cut out of the pixels of `upload`; a batch of them has a leading axis N.

    Attributes:
        first: int64 []: the level's first pixel.
        size: int64 [2]: the level's width and height.
        matrix: float32 [2, 3]: from the input to the level, both in coordinates that are whole at pixel centers.
    """

    first: Tensor
    size: Tensor
    matrix: Tensor


class PyramidLayout:
    """Where the levels of each region lie among the pixels of `upload`.

    Args:
        cache: of the regions.
    """

    def __init__(self, cache: CropCache) -> None:
        self._cache = cache
        regions = [cache.region(number) for number in range(cache.num_regions)]
        self._levels = np.array([max(one.width, one.height).bit_length() for one in regions], np.int64)
        halvings = np.arange(self._levels.max())
        sides = np.array([[one.width, one.height] for one in regions], np.int64)
        # Sides that are odd are one pixel longer before they are halved.
        self._sizes = -(-sides[:, None] >> halvings[None, :, None])
        pixels = self._sizes.prod(axis=2) * (halvings < self._levels[:, None])
        self._first = (np.cumsum(pixels) - pixels.ravel()).reshape(pixels.shape)
        self.num_pixels = int(pixels.sum())

    @property
    def num_bytes(self) -> int:
        return self.num_pixels * _CHANNELS

    def source(self, index: int, matrix: np.ndarray) -> CropSource:
        """Where an entry's crop is cut out.

        Args:
            index: of the entry.
            matrix: float64 [2, 3], `_px` -> `_input`.

        Raises:
            DataError: if its picture could not be read.
        """
        number = self._cache.number(index)
        region = self._cache.region(number)
        of_region = matrix_from_part(matrix, region.part, region.halvings)
        level = min(fitting_halvings(1 / matrix_scale(of_region)), int(self._levels[number]) - 1)
        of_level = matrix_from_part(of_region, Part(0, 0, 0, 0), level)
        inverse = cv2.invertAffineTransform(centered_matrix(of_level))
        return CropSource(
            first=torch.tensor(self._first[number, level]),
            size=torch.from_numpy(self._sizes[number, level]),
            matrix=torch.from_numpy(inverse.astype(np.float32)),
        )

    def upload(self, device: torch.device) -> Tensor:
        """uint8 RGB [`num_pixels`, 3]: all levels of all regions."""
        pixels = torch.empty((self.num_pixels, _CHANNELS), dtype=torch.uint8, device=device)
        start = 0
        for chunk in self._chunks():
            pixels[start : start + len(chunk)] = torch.from_numpy(chunk).to(device)
            start += len(chunk)
        return pixels

    def _chunks(self) -> Iterator[np.ndarray]:
        collected: list[np.ndarray] = []
        for number in range(self._cache.num_regions):
            collected += self._pyramid(number)
            if sum(map(len, collected)) >= _CHUNK_PIXELS:
                yield np.concatenate(collected)
                collected = []
        if collected:
            yield np.concatenate(collected)

    def _pyramid(self, number: int) -> Iterator[np.ndarray]:
        """The levels of a region, uint8 RGB [pixels, 3]."""
        image = self._cache.stored(number).pixels
        for level in range(int(self._levels[number])):
            if level > 0:
                width, height = (2 * self._sizes[number, level]).tolist()
                image = reduced_part(image, Part(0, 0, width, height), 1)
            yield image[..., ::-1].reshape(-1, _CHANNELS)


def cut_crops(pixels: Tensor, source: CropSource, size: int) -> Tensor:
    """Resample a batch of crops, as `movenet.geometry.warp_picture` does: bilinear, black outside.

    Args:
        pixels: uint8 [M, 3], of `PyramidLayout.upload`.
        source: N crops.
        size: S.

    Returns:
        uint8 [N, 3, S, S], the channels last in memory.
    """
    axis = torch.arange(size, device=pixels.device, dtype=torch.float32)
    matrix = source.matrix[:, :, :, None, None]
    place = matrix[:, :, 0] * axis + matrix[:, :, 1] * axis[:, None] + matrix[:, :, 2]  # [N, 2, S, S]
    corner = torch.floor(place)
    share = place - corner
    x, y = corner.long().unbind(1)
    width, height = source.size[:, :, None, None].unbind(1)
    result = torch.zeros((*x.shape, _CHANNELS), device=pixels.device)
    for right, share_x in ((0, 1 - share[:, 0]), (1, share[:, 0])):
        for down, share_y in ((0, 1 - share[:, 1]), (1, share[:, 1])):
            column, row = x + right, y + down
            inside = (column >= 0) & (column < width) & (row >= 0) & (row < height)
            index = source.first[:, None, None] + row * width + column
            neighbour = pixels[torch.where(inside, index, 0)]
            result += neighbour * (share_x * share_y * inside)[..., None]
    return result.round().to(torch.uint8).permute(0, 3, 1, 2)
