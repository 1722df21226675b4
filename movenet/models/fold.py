"""Batch norm folded into the convolution before it: exact up to rounding, and half of the layers less."""

from __future__ import annotations

import copy
from typing import TypeVar

from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def fold_batch_norms(network: Network) -> Network:
    """A copy in eval mode whose convolutions hold the batch norms that followed them directly in a `Sequential`."""
    folded = copy.deepcopy(network).eval()
    for module in list(folded.modules()):
        if isinstance(module, nn.Sequential):
            _fold_sequence(module)
    return folded


def _fold_sequence(sequence: nn.Sequential) -> None:
    for index in range(len(sequence) - 1):
        convolution, norm = sequence[index], sequence[index + 1]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            # In double precision, so that the new weights are rounded once only.
            sequence[index] = fuse_conv_bn_eval(convolution.double(), norm.double()).float()
            sequence[index + 1] = nn.Identity()
