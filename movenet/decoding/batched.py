"""The decode rule for batches of torch tensors on any device; training validates with it.

It follows `movenet.decoding.reference` operation by operation; where torch would round differently, a comment says so.
"""

from __future__ import annotations

import numpy as np

from movenet.decoding.checks import MapSizes, ValuesName, check_shapes
from movenet.decoding.reference import read_values
from movenet.errors import DecodeError, RuntimeUnavailableError

try:
    import torch
    from torch import Tensor
except ImportError as error:
    raise RuntimeUnavailableError(
        "the decoder's torch backend needs torch (pip install 'movenet-edge[train]'); 'cpp' and 'numpy' do not"
    ) from error

REACH_AT_ZERO = 1.8


@torch.no_grad()
def decode_batch(heatmap: Tensor, center: Tensor, reg: Tensor, offset: Tensor) -> Tensor:
    """Decode N images' maps of K keypoints on a G x G grid.

    Args:
        heatmap: float32 [N, K, G, G].
        center: float32 [N, 1, G, G] or [N, G, G].
        reg: float32 [N, 2K, G, G], x0, y0, x1, ..., in cells.
        offset: float32 [N, 2K, G, G], likewise.

    Returns:
        float32 [N, K, 3] on the same device: x and y as shares of the input square, score. Always finite.

    Raises:
        DecodeError: for other shapes, dtypes, or tensors on different devices.
    """
    keypoints, grid = _check_batch(heatmap, center, reg, offset)
    batch = len(heatmap)

    person = _find_center(center.reshape(batch, grid, grid))
    person_cells = _cells(person, grid)[:, None, :]  # [N, 1, 2]
    regressed = person_cells + _shifts_at(reg, person[:, None].expand(batch, keypoints))

    best, found = _first_best(heatmap, heatmap / _reach(regressed, grid))
    placed = _cells(best, grid) + _shifts_at(offset, best)
    score = heatmap.flatten(2).gather(2, best[..., None])

    found = found[..., None]
    # A tensor, not a number: by a number, torch multiplies with its reciprocal on CUDA.
    points_unit = torch.where(found, placed, regressed) / torch.full((1,), float(grid), device=heatmap.device)
    return torch.cat([points_unit, torch.where(found, score, torch.zeros_like(score))], dim=2)


def decode_image(
    heatmap: np.ndarray, center: np.ndarray, reg: np.ndarray, offset: np.ndarray, values: ValuesName = "any"
) -> np.ndarray:
    """float32 [K, 3] (x, y, score) of one image's maps, as `movenet.decoding.decode` takes them, already checked."""
    arrays = (read_values(heatmap, values), read_values(center, values), reg, offset)
    # Copies: torch.from_numpy would warn of read-only arrays and refuse negative strides.
    maps = [torch.from_numpy(array.astype(np.float32, order="C"))[None] for array in arrays]
    points: np.ndarray = decode_batch(*maps)[0].numpy()
    return points


def _check_batch(heatmap: Tensor, center: Tensor, reg: Tensor, offset: Tensor) -> MapSizes:
    for name, tensor in (("heatmap", heatmap), ("center", center), ("reg", reg), ("offset", offset)):
        if tensor.dtype != torch.float32:
            raise DecodeError(f"{name}: expected dtype torch.float32, got {tensor.dtype} {list(tensor.shape)}")
        if tensor.device != heatmap.device:
            raise DecodeError(f"{name}: expected the device of heatmap, {heatmap.device}, got {tensor.device}")
        if tensor.dim() == 0 or heatmap.dim() == 0 or len(tensor) != len(heatmap):
            raise DecodeError(
                f"{name}: expected a batch as long as heatmap's {list(heatmap.shape)}, got {list(tensor.shape)}"
            )
    return check_shapes(heatmap.shape[1:], center.shape[1:], reg.shape[1:], offset.shape[1:])


def _find_center(center: Tensor) -> Tensor:
    """Flat index [N] of the person's cell, of [N, G, G] maps."""
    grid = center.shape[-1]
    middle = torch.full((1, 1, 2), grid / 2, device=center.device)
    weight = 1.0 / _reach(middle, grid)
    best, found = _first_best(center[:, None], center[:, None] * weight)
    middle_cell = (grid // 2) * grid + grid // 2
    return torch.where(found, best, torch.full_like(best, middle_cell))[:, 0]


def _reach(points_cells: Tensor, grid: int) -> Tensor:
    """float32 [N, K, G, G]: how far every cell is from each of the [N, K, 2] points, as the rule counts it."""
    axis = torch.arange(grid, dtype=torch.float32, device=points_cells.device)
    dx = axis - points_cells[..., 0, None]  # [N, K, x]
    dy = axis - points_cells[..., 1, None]  # [N, K, y]
    squared = (dx * dx)[..., None, :] + (dy * dy)[..., :, None]
    return _rounded_sqrt(squared) + REACH_AT_ZERO


def _rounded_sqrt(squared: Tensor) -> Tensor:
    """The float32 square root, rounded to nearest."""
    if squared.device.type != "cpu":
        return squared.sqrt()
    # On the CPU torch may call a vector library whose float32 root is off by one bit for some arguments. The root in
    # float64, rounded once more, is exact: no float32's root lies near enough to the middle between two others.
    return squared.double().sqrt().float()


def _first_best(values: Tensor, scores: Tensor) -> tuple[Tensor, Tensor]:
    """Flat index [N, K] of the best-scored finite cell of each [N, K, G, G] map, and whether [N, K] the map has one."""
    eligible = values.isfinite().flatten(2)
    # torch.argmax gives the first of equal cells.
    best = scores.flatten(2).masked_fill(~eligible, -torch.inf).argmax(dim=2)
    return best, eligible.any(dim=2)


def _cells(flat: Tensor, grid: int) -> Tensor:
    """Flat indices [...] to float32 [..., 2] cells (x, y)."""
    return torch.stack([flat % grid, flat // grid], dim=-1).float()


def _shifts_at(maps: Tensor, flat: Tensor) -> Tensor:
    """float32 [N, K, 2]: the pair of [N, 2K, G, G] maps of each keypoint at its flat index [N, K]."""
    batch, keypoints = flat.shape
    pairs = maps.flatten(2).unflatten(1, (keypoints, 2))  # [N, K, 2, cells]
    picked = pairs.gather(3, flat[..., None, None].expand(batch, keypoints, 2, 1))[..., 0]
    return picked.nan_to_num(nan=0.0, posinf=0.0, neginf=0.0)
