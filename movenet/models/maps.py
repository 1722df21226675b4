"""Heads seen in a mirror, and on another grid.

A point at `unit` (a share of the input's side) lies at index `unit * G` of a G x G map. Index 0 is thus the left
border of the input, and no index is its right one.
"""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from movenet.models.heads import Heads
from movenet.skeleton import Skeleton


def mirror_heads(heads: Heads, skeleton: Skeleton) -> Heads:
    """What a network says of a mirrored picture, as if it had said it of the picture; and the other way round.

    Left and right keypoints change places, and the x of reg and offset its sign. The left border's column has no
    counterpart (it would be the right border's): it repeats its neighbour.

    Args:
        heads: [N, C, G, G] each.
        skeleton: gives the pairs.
    """
    keypoints = torch.as_tensor(skeleton.mirror_permutation, device=heads.heatmap.device)
    return Heads(
        heatmap=_mirror_columns(heads.heatmap)[:, keypoints],
        center=_mirror_columns(heads.center),
        reg=_mirror_vectors(heads.reg, keypoints),
        offset=_mirror_vectors(heads.offset, keypoints),
    )


def resample_heads(heads: Heads, grid_size: int) -> Heads:
    """The same answer on a grid of another size, by bilinear interpolation.

    Vectors are interpolated as the places that they point to, so that what they say stays true.

    Args:
        heads: [N, C, G, G] each.
        grid_size: the new G.
    """
    if heads.center.shape[-1] == grid_size:
        return heads
    return Heads(
        heatmap=resample(heads.heatmap, grid_size),
        center=resample(heads.center, grid_size),
        reg=_resample_vectors(heads.reg, grid_size),
        offset=_resample_vectors(heads.offset, grid_size),
    )


def resample(maps: Tensor, grid_size: int) -> Tensor:
    """[N, C, G, G] -> [N, C, grid_size, grid_size], bilinear; index i there is i * G / grid_size here."""
    old_size = maps.shape[-1]
    index = torch.arange(grid_size, device=maps.device, dtype=maps.dtype) * (old_size / grid_size)
    # grid_sample counts from -1 at index 0 to 1 at the last one (align_corners).
    place = index.clamp(max=old_size - 1) * (2 / (old_size - 1)) - 1
    y, x = torch.meshgrid(place, place, indexing="ij")
    grid = torch.stack([x, y], dim=-1).expand(len(maps), -1, -1, -1)
    return functional.grid_sample(maps, grid, mode="bilinear", align_corners=True)


def _mirror_columns(maps: Tensor) -> Tensor:
    # Index i is mirrored to G - i: flipped, and one further.
    flipped = maps.flip(-1)
    return torch.cat([flipped[..., :1], flipped[..., :-1]], dim=-1)


def _mirror_vectors(vectors: Tensor, keypoints: Tensor) -> Tensor:
    pairs = _mirror_columns(vectors).unflatten(1, (-1, 2))[:, keypoints]
    sign = torch.tensor([-1.0, 1.0], device=vectors.device, dtype=vectors.dtype)
    return (pairs * sign[:, None, None]).flatten(1, 2)


def _resample_vectors(vectors: Tensor, grid_size: int) -> Tensor:
    old_size = vectors.shape[-1]
    pairs = vectors.unflatten(1, (-1, 2))
    # Linear interpolation of places is that of vectors, but where the old grid has ended.
    places = (pairs + _indices(old_size, vectors)).flatten(1, 2)
    new = resample(places, grid_size) * (grid_size / old_size)
    return (new.unflatten(1, (-1, 2)) - _indices(grid_size, vectors)).flatten(1, 2)


def _indices(grid_size: int, like: Tensor) -> Tensor:
    """[2, G, G]: each cell's x and y."""
    axis = torch.arange(grid_size, device=like.device, dtype=like.dtype)
    y, x = torch.meshgrid(axis, axis, indexing="ij")
    return torch.stack([x, y])
