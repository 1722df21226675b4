"""Losses on what the decode rule makes of the maps, not on the maps themselves."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from movenet.decoding.batched import REACH_AT_ZERO
from movenet.models.heads import Heads

# Added where a number of 0 would give an infinite slope or logarithm.
_TINY = 1e-6


class Answers(NamedTuple):
    """What a softened decode rule answers about N persons' K keypoints on a G x G grid.

    Attributes:
        taken: [N, K, G * G]: how probably each cell is the one that answers; 1 together.
        similarity: [N, K, G * G]: how near to the keypoint its answer would be, as OKS counts it, 0..1.
    """

    taken: Tensor
    similarity: Tensor


def soft_answers(
    heads: Heads, centers_cells: Tensor, points_cells: Tensor, falloff_cells: Tensor, sharpness: float
) -> Answers:
    """The decode rule takes the cell of the largest `heatmap / reach`; here each cell is taken with a probability.

    It is in proportion to that score to the power of `sharpness`. Each cell's answer is its place plus its offset.

    Args:
        heads: [N, C, G, G] each.
        centers_cells: [N, 2], whole cells: where the person's reg is read.
        points_cells: [N, K, 2], that person's keypoints.
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

    places = cells + heads.offset.unflatten(1, (keypoints, 2))
    squared = _squared_distance(places, points_cells) / (2 * falloff_cells[..., None, None] ** 2)
    return Answers(taken, torch.exp(-squared).flatten(2))


def expected_oks_loss(answers: Answers, counted: Tensor) -> Tensor:
    """1 minus the OKS that the softened rule can expect; mean over the counted keypoints, 0 where there are none.

    So heatmaps learn which peak is to win, reg which peaks are near, offset where a point is as seen from the cells
    that win, right or wrong. It is minimum risk training (Shen et al. 2016, "Minimum Risk Training for Neural Machine
    Translation", section 3), with 1 - OKS as the risk.

    Args:
        answers: of the rule.
        counted: bool [N, K], which keypoints are known.
    """
    expected = (answers.taken * answers.similarity).sum(dim=2)
    return _mean_of_counted(1 - expected, counted)


def score_loss(heatmap: Tensor, answers: Answers, counted: Tensor) -> Tensor:
    """Squares between a cell's score and its answer's similarity, as far as the cell is taken; mean as above.

    A score then says how right its point is, which ranks poses (the mean score of a person comes near to its OKS). It
    teaches the heatmap alone, not the answers. Detectors score boxes by their overlap likewise (Li et al. 2020,
    "Generalized Focal Loss", section 3.1).

    Args:
        heatmap: [N, K, G, G], 0..1.
        answers: of the rule.
        counted: bool [N, K], which keypoints are known.
    """
    squares = torch.square(heatmap.flatten(2) - answers.similarity.detach())
    return _mean_of_counted((answers.taken.detach() * squares).sum(dim=2), counted)


def _mean_of_counted(values: Tensor, counted: Tensor) -> Tensor:
    return (values * counted).sum() / counted.sum().clamp(min=1)


def _squared_distance(places: Tensor, points: Tensor) -> Tensor:
    """[N, K, G, G]: of places [..., 2, G, G] from points [N, K, 2]."""
    return torch.square(places - points[..., None, None]).sum(dim=-3)
