"""The network as the exporters want it: one plain tuple of outputs instead of a named one."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from movenet.models import MoveNet


class HeadsModule(nn.Module):
    """Float RGB [1, 3, S, S], 0..255 -> (heatmap, center, reg, offset)."""

    def __init__(self, network: MoveNet) -> None:
        super().__init__()
        self.network = network

    def forward(self, image: Tensor) -> tuple[Tensor, ...]:
        return tuple(self.network(image))


def example_input(input_size: int) -> Tensor:
    """A black picture as the network reads it."""
    return torch.zeros(1, 3, input_size, input_size)
