"""Losses of one map against another."""

from __future__ import annotations

import torch
from torch import Tensor


def weighted_mse(
    predicted: Tensor, target: Tensor, mask: Tensor, positive_weight: float, more_weight: Tensor | None = None
) -> Tensor:
    """`(p - t)^2 * (k t + 1)`: squares, weighed up towards the peaks (the article, section 3.2.3; k of 5 to 10 there).

    Args:
        predicted, target: [N, C, G, G], 0..1.
        mask: broadcastable to them.
        positive_weight: k.
        more_weight: [N, C, G, G], added to the weights.
    """
    weight = positive_weight * target + 1.0
    weight = (weight if more_weight is None else weight + more_weight) * mask
    # Over the cells, not over the weights: a crop with more peaks then counts more, as in the article.
    count = mask.expand_as(target).sum().clamp(min=1.0)
    return (weight * torch.square(predicted - target)).sum() / count


def masked_l1(predicted: Tensor, target: Tensor, mask: Tensor) -> Tensor:
    """Mean of |p - t| over the masked cells (CenterNet's regression loss; Zhou et al. 2019, "Objects as Points")."""
    return (torch.abs(predicted - target) * mask).sum() / mask.sum().clamp(min=1.0)
