"""The scales of trained layers, put in order before a training.

A batch norm takes the scale of the kernel before it off again, so that scale is free; but an optimiser such as AdamW
moves every kernel by the same amount a step, and one of a hundredth of the size by a hundred times as much of itself.
Imported from BlazePose Lite, layers have kernels of a fiftieth to twenty times the scale of fresh ones (their channels'
medians), and residuals spread by 2 to 26.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn

from movenet.models.blazepose import PYRAMID_STAGES, BlazePose
from movenet.models.layers import normed_convolutions
from movenet.models.network import MoveNet
from movenet.models.pyramid import SumPyramid

# A channel that spreads by less, before or after, is silent.
_LEAST_VARIANCE_IN_EPSILONS = 100
# Kernels below are none.
_LEAST_SCALE = 1e-12


def balance_scales(network: MoveNet) -> None:
    """Give every kernel before a batch norm the scale of a fresh one, and BlazePose's residuals a spread near 1.

    The network computes what it did, up to rounding: all factors are powers of two, and the batch norms make up for
    them.

    Args:
        network: with batch norms that have statistics.
    """
    with torch.no_grad():
        if isinstance(network.backbone, BlazePose):
            _balance_streams(network.backbone, network.pyramid)
        for convolution, norm in normed_convolutions(network):
            _balance_kernel(convolution, norm)


def _balance_streams(backbone: BlazePose, pyramid: nn.Module) -> None:
    assert isinstance(pyramid, SumPyramid)
    lateral_readers = [lateral.get_submodule("0") for lateral in pyramid.laterals]
    readers_of_level = dict(zip(PYRAMID_STAGES, [*lateral_readers[::-1], pyramid.widen[0]], strict=True))
    stages = [[[*unit.get_submodule("layers").children()] for unit in stage.children()] for stage in backbone.stages]
    for number, units in enumerate(stages):
        projections = [norm for unit in units for norm in unit[-1].children() if isinstance(norm, nn.BatchNorm2d)]
        # What a batch norm answers spreads by its weight.
        spread = torch.stack([norm.weight.square() for norm in projections]).sum(0).mean().sqrt()
        factor = _power_of_two(1 / spread).item()
        for norm in projections:
            norm.weight.mul_(factor)
            norm.bias.mul_(factor)
        readers = [unit[0] for unit in units[1:]]
        if number + 1 < len(stages):
            readers.append(stages[number + 1][0][0])
        if number in readers_of_level:
            readers.append(readers_of_level[number])
        for convolution in (reader.get_submodule("0") for reader in readers):
            convolution.weight.div_(factor)  # type: ignore[operator]  # it has one


def _balance_kernel(convolution: nn.Conv2d, norm: nn.BatchNorm2d) -> None:
    kernel = convolution.weight
    scale = kernel.flatten(1).square().mean(dim=1).sqrt()
    fresh = math.sqrt(2 / kernel[0].numel())  # He et al. 2015, section 2.2
    assert norm.running_mean is not None
    assert norm.running_var is not None
    factor = _power_of_two(fresh / scale.clamp(min=_LEAST_SCALE))
    # Silent channels stay as they are: they have no kernel, or epsilon, which is not scaled, is most of what they are
    # divided by.
    spread = torch.minimum(norm.running_var, norm.running_var * factor.square())
    factor[(scale < _LEAST_SCALE) | (spread < _LEAST_VARIANCE_IN_EPSILONS * norm.eps)] = 1.0
    kernel.mul_(factor[:, None, None, None])
    norm.running_mean.mul_(factor)
    before = torch.sqrt(norm.running_var + norm.eps)
    norm.running_var.mul_(factor.square())
    # Epsilon is not scaled along.
    norm.weight.mul_(torch.sqrt(norm.running_var + norm.eps) / (before * factor))


def _power_of_two(values: Tensor) -> Tensor:
    """The nearest, by the ratio."""
    return torch.exp2(torch.log2(values).round())
