"""Training targets: what the four heads should say about the labelled persons of a crop.

Works on batches of tensors, on any device; knows no files and no skeleton. All places are in `_cells` (see
`movenet.geometry`); a point's cell is the nearest integer, because the decode rule measures distances from there.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, NamedTuple

import torch
from torch import Tensor

from movenet.errors import ConfigError


@dataclass(frozen=True)
class TargetConfig:
    """Shape of the targets.

    Attributes:
        kernel: `exponential`: exp(-d / radius), the article's choice; `gaussian`: exp(-d^2 / (2 radius^2)).
        radius_share: the kernel's radius as a share of the longer side of the person's box; grows with the person ...
        radius_min_cells, radius_max_cells: ... between these.
        center: the middle of the `box` around the labelled points, or their `mean`.
        reg_radius_cells: reg is taught in the cells up to this far from the center, with the correction for each cell.
        offset_radius_cells: offset is taught up to this far from a keypoint's cell; 0: in that cell alone.
    """

    kernel: Literal["exponential", "gaussian"] = "exponential"
    radius_share: float = 0.04
    radius_min_cells: float = 1.0
    radius_max_cells: float = 2.0
    center: Literal["box", "mean"] = "box"
    reg_radius_cells: float = 3.0
    offset_radius_cells: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.radius_min_cells <= self.radius_max_cells or self.radius_share < 0:
            raise ConfigError("targets: needs 0 < radius_min_cells <= radius_max_cells and radius_share >= 0")
        if self.reg_radius_cells < 0 or self.offset_radius_cells < 0:
            raise ConfigError("targets: reg_radius_cells and offset_radius_cells must not be negative")


class Targets(NamedTuple):
    """What the heads should be, and where that counts. N crops, K keypoints, grids of G x G cells.

    Attributes:
        heatmap: float [N, K, G, G], 0..1, 1 in the cell of every labelled keypoint.
        heatmap_mask: float [N, K, 1, 1]: 0 for keypoints of which nothing is known.
        center: float [N, 1, G, G], 0..1.
        center_mask: float [N, 1, 1, 1]: 0 for crops whose person's middle is not known.
        reg: float [N, 2K, G, G], in cells; of person 0.
        reg_mask: float [N, 2K, G, G].
        offset: float [N, 2K, G, G], in cells; of all persons, person 0's where two overlap.
        offset_mask: float [N, 2K, G, G].
        center_cells: float [N, 2]: the whole cell of person 0's center; of the grid's middle where it has none.
        points_cells: float [N, K, 2]: person 0's keypoints, exactly.
        points_known: bool [N, K]: whether they are labelled, and the center is known.
        size_cells: float [N]: the longer side of person 0's box.
        nobody: bool [N]: whether it is known that nobody is to be seen.
    """

    heatmap: Tensor
    heatmap_mask: Tensor
    center: Tensor
    center_mask: Tensor
    reg: Tensor
    reg_mask: Tensor
    offset: Tensor
    offset_mask: Tensor
    center_cells: Tensor
    points_cells: Tensor
    points_known: Tensor
    size_cells: Tensor
    nobody: Tensor


def encode_targets(
    points_unit: Tensor,
    labelled: Tensor,
    size_unit: Tensor,
    ignored: Tensor,
    grid_size: int,
    config: TargetConfig,
    center_known: Tensor | None = None,
) -> Targets:
    """Draw the targets of a batch; shapes as in `movenet.data.dataset.Sample`, with a leading axis N.

    Args:
        points_unit: float [N, P, K, 2], x and y.
        labelled: bool [N, P, K]; a labelled point must lie inside the input.
        size_unit: float [N, P].
        ignored: bool [N, K].
        grid_size: G.
        config: shape of the targets.
        center_known: bool [N]; where person 0 has a labelled point, if none is given.
    """
    points = points_unit * grid_size
    centers, has_center = person_centers(points, labelled, config.center)
    size_cells = size_unit * grid_size
    radius = (size_cells * config.radius_share).clamp(config.radius_min_cells, config.radius_max_cells)
    heatmap = _draw_peaks(nearest_cells(points, grid_size), labelled, radius, grid_size, config.kernel)
    center_cells = nearest_cells(torch.where(has_center[..., None], centers, grid_size / 2), grid_size)
    center = _draw_peaks(center_cells[:, :, None], has_center[:, :, None], radius, grid_size, config.kernel)
    reg, reg_mask = _reg(points[:, 0], labelled[:, 0], center_cells[:, 0], grid_size, config.reg_radius_cells)
    offset, offset_mask = _offset(points, labelled, grid_size, config.offset_radius_cells)
    mask = 1.0 - ignored[:, :, None, None].to(heatmap.dtype)
    known = has_center[:, 0] if center_known is None else center_known
    center_mask = known[:, None, None, None].to(center.dtype)
    return Targets(
        heatmap=heatmap,
        heatmap_mask=mask,
        center=center,
        center_mask=center_mask,
        reg=reg,
        reg_mask=reg_mask,
        offset=offset,
        offset_mask=offset_mask,
        center_cells=center_cells[:, 0],
        points_cells=points[:, 0],
        points_known=labelled[:, 0] & known[:, None],
        size_cells=size_cells[:, 0],
        nobody=~labelled.flatten(1).any(dim=1) & ~ignored.any(dim=1),
    )


def nearest_cells(points_cells: Tensor, grid_size: int) -> Tensor:
    """[..., 2] places -> [..., 2] whole cells inside the grid, as floats."""
    return torch.floor(points_cells + 0.5).clamp(0, grid_size - 1)


def person_centers(points: Tensor, labelled: Tensor, kind: Literal["box", "mean"]) -> tuple[Tensor, Tensor]:
    """Centers [N, P, 2] of persons from their labelled points [N, P, K, 2], and whether there is one, bool [N, P]."""
    has_center = labelled.any(dim=2)
    known = labelled[..., None]
    if kind == "mean":
        count = labelled.sum(dim=2).clamp(min=1)[..., None]
        return (points * known).sum(dim=2) / count, has_center
    smallest = points.masked_fill(~known, torch.inf).amin(dim=2)
    largest = points.masked_fill(~known, -torch.inf).amax(dim=2)
    middle = (smallest + largest) / 2
    return torch.where(has_center[..., None], middle, torch.zeros_like(middle)), has_center


def _draw_peaks(cells: Tensor, drawn: Tensor, radius: Tensor, grid_size: int, kernel: str) -> Tensor:
    """Peaks at cells [N, P, C, 2] with a radius [N, P] a person -> [N, C, G, G], the larger where two overlap."""
    result = _peaks(cells[:, 0], drawn[:, 0], radius[:, 0, None], grid_size, kernel)
    # Of the neighbours, only what is drawn: mostly there are few.
    for person in range(1, cells.shape[1]):
        rows, channels = drawn[:, person].nonzero(as_tuple=True)
        peaks = _peaks(
            cells[rows, person, channels], drawn[rows, person, channels], radius[rows, person], grid_size, kernel
        )
        result[rows, channels] = torch.maximum(result[rows, channels], peaks)
    return result


def _peaks(cells: Tensor, drawn: Tensor, radius: Tensor, grid_size: int, kernel: str) -> Tensor:
    """A peak at each of the cells [..., 2], or nothing where it is not drawn [...] -> [..., G, G]."""
    axis = torch.arange(grid_size, device=cells.device, dtype=cells.dtype)
    square_x = (axis - cells[..., :1]) ** 2  # [..., x]
    square_y = (axis - cells[..., 1:]) ** 2
    width = radius[..., None]
    if kernel == "gaussian":
        along_x, along_y = (torch.exp(-square / (2 * width**2)) for square in (square_x, square_y))
        return (along_y * drawn[..., None])[..., None] * along_x[..., None, :]
    distance = torch.sqrt(square_y[..., None] + square_x[..., None, :])
    return distance.div_(-width[..., None]).exp_().mul_(drawn[..., None, None])


def _reg(points: Tensor, labelled: Tensor, center_cell: Tensor, grid_size: int, radius: float) -> tuple[Tensor, Tensor]:
    """From each cell near the center [N, 2] to the keypoints [N, K, 2]; reg and its mask, [N, 2K, G, G] each."""
    reg, mask = _empty_maps(points, grid_size)
    rows = torch.arange(len(points), device=points.device)
    _write_vectors(reg, mask, rows, center_cell[:, None].expand_as(points), points, labelled, radius)
    return reg, mask


def _offset(points: Tensor, labelled: Tensor, grid_size: int, radius: float) -> tuple[Tensor, Tensor]:
    """From the cells near each keypoint [N, P, K, 2] to its place; offset and its mask, [N, 2K, G, G] each."""
    cells = nearest_cells(points, grid_size)
    offset, mask = _empty_maps(points[:, 0], grid_size)
    # The farthest person first: person 0, whom the decoder is to find, overwrites the others.
    for person in reversed(range(points.shape[1])):
        rows = labelled[:, person].any(dim=1).nonzero()[:, 0]
        chosen = (rows, person)
        _write_vectors(offset, mask, rows, cells[chosen], points[chosen], labelled[chosen], radius)
    return offset, mask


def _empty_maps(points: Tensor, grid_size: int) -> tuple[Tensor, Tensor]:
    """Two maps of zeros, [N, 2K, G, G], for points [N, K, 2]."""
    empty = points.new_zeros((len(points), 2 * points.shape[1], grid_size, grid_size))
    return empty, torch.zeros_like(empty)


def _write_vectors(
    maps: Tensor, mask: Tensor, rows: Tensor, cells: Tensor, points: Tensor, written: Tensor, radius: float
) -> None:
    """Into every cell of a disc, write the vector from there to a point; only these few cells are touched.

    Args:
        maps, mask: [N, 2K, G, G], changed in place.
        rows: int64 [R], which of the N crops.
        cells: [R, K, 2], middle of the disc of each keypoint.
        points: [R, K, 2], where the vectors end.
        written: bool [R, K].
        radius: of the disc, in cells.
    """
    grid_size = maps.shape[-1]
    near = cells[:, :, None] + _disc(radius, cells)  # [R, K, M, 2]
    inside = written[..., None] & ((near >= 0) & (near < grid_size)).all(dim=-1)
    row, keypoint, member = inside.nonzero(as_tuple=True)
    cell = near[row, keypoint, member]
    place = (rows[row], keypoint, slice(None), cell[:, 1].long(), cell[:, 0].long())
    by_keypoint = (-1, 2)
    maps.unflatten(1, by_keypoint)[place] = points[row, keypoint] - cell
    mask.unflatten(1, by_keypoint)[place] = 1.0


def _disc(radius: float, like: Tensor) -> Tensor:
    """[M, 2]: the whole-numbered vectors up to `radius` long."""
    reach = int(radius)
    axis = torch.arange(-reach, reach + 1, device=like.device, dtype=like.dtype)
    vectors = torch.cartesian_prod(axis, axis)
    return vectors[(vectors**2).sum(dim=1) <= radius**2]
