"""A loss on what the decode rule makes of the maps, not on the maps themselves."""

from __future__ import annotations

import torch
from torch import Tensor

from movenet.decoding.batched import REACH_AT_ZERO
from movenet.models.heads import Heads

# Added where a number of 0 would give an infinite slope or logarithm.
_TINY = 1e-6


def expected_oks_loss(
    heads: Heads, centers_cells: Tensor, points_cells: Tensor, counted: Tensor, falloff_cells: Tensor, sharpness: float
) -> Tensor:
    """1 minus the OKS that a softened decode rule can expect; mean over the counted keypoints, 0 where there are none.

    The rule takes the cell of the largest `heatmap / reach`. Here a cell is taken with a probability in proportion to
    that score to the power of `sharpness`, and each cell's answer is its place plus its offset. So heatmaps learn which
    peak is to win, reg which peaks are near, offset where a point is as seen from the cells that win, right or wrong.
    It is minimum risk training (Shen et al. 2016, "Minimum Risk Training for Neural Machine Translation", section 3),
    with 1 - OKS as the risk.

    Args:
        heads: [N, C, G, G] each.
        centers_cells: [N, 2], whole cells: where the person's reg is read.
        points_cells: [N, K, 2], that person's keypoints.
        counted: bool [N, K], which of them are known.
        falloff_cells: [N, K], standard deviation of OKS for each keypoint of that person.
        sharpness: the larger, the more like an argmax.
    """
    batch, keypoints, grid, _ = heads.heatmap.shape
    column, row = centers_cells.long().unbind(dim=1)
    shifts = heads.reg[torch.arange(batch, device=column.device), :, row, column].unflatten(1, (keypoints, 2))
    axis = torch.arange(grid, dtype=points_cells.dtype, device=points_cells.device)
    cells = torch.stack(torch.meshgrid(axis, axis, indexing="xy"))  # [(x, y), G, G]

    regressed = centers_cells[:, None] + shifts
    distance = (_squared_distance(cells, regressed) + _TINY).sqrt()
    scores = heads.heatmap.clamp(min=_TINY).log() - (distance + REACH_AT_ZERO).log()
    taken = (sharpness * scores).flatten(2).softmax(dim=2)

    answers = cells + heads.offset.unflatten(1, (keypoints, 2))
    squared = _squared_distance(answers, points_cells) / (2 * falloff_cells[..., None, None] ** 2)
    expected = (taken * torch.exp(-squared).flatten(2)).sum(dim=2)
    return ((1 - expected) * counted).sum() / counted.sum().clamp(min=1)


def _squared_distance(places: Tensor, points: Tensor) -> Tensor:
    """[N, K, G, G]: of places [..., 2, G, G] from points [N, K, 2]."""
    return torch.square(places - points[..., None, None]).sum(dim=-3)
