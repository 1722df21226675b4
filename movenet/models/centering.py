"""Linear layers that answer far from zero, and how they are brought back.

BlazePose's published backbone has linear projections whose answers lie up to hundreds away from zero. Every reader
takes that off again, but half precision, in which boards keep what is between the layers, then has few digits left for
what differs from picture to picture.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from movenet.models.blazepose import PYRAMID_STAGES, BlazePose
from movenet.models.network import MoveNet
from movenet.models.pyramid import SumPyramid


def center_projections(network: MoveNet) -> None:
    """Take the biases of BlazePose's linear projections away, and make up for it in the batch norms that read them.

    The network computes what it did, but for the cells at the border, where the pyramid's laterals see zeros around the
    map. Other backbones stay as they are.

    Args:
        network: with batch norms that have statistics.
    """
    backbone, pyramid = network.backbone, network.pyramid
    if not isinstance(backbone, BlazePose):
        return
    assert isinstance(pyramid, SumPyramid)
    taken: Tensor | None = None  # the stem's activation has nothing to take
    of_stages = []
    with torch.no_grad():
        for stage in backbone.stages:
            for unit in stage.children():
                layers = [*unit.get_submodule("layers").children()]
                if taken is not None:
                    _read(layers[0], taken)
                own = _take_bias(layers[-1])
                taken = taken + own if unit.has_shortcut and taken is not None else own
            assert taken is not None
            of_stages.append(taken)
        levels = [of_stages[stage] for stage in PYRAMID_STAGES]
        _read(pyramid.widen[0], levels[-1])
        for lateral, level in zip(pyramid.laterals, levels[-2::-1], strict=True):
            _read(lateral.get_submodule("0"), level)


def _take_bias(layer: nn.Module) -> Tensor:
    """Of a convolution with batch norm; returns it."""
    norm = layer.get_submodule("1")
    assert isinstance(norm, nn.BatchNorm2d)
    bias = norm.bias.clone()
    norm.bias.zero_()
    return bias


def _read(layer: nn.Module, taken: Tensor) -> None:
    """Make a convolution with batch norm, whose inputs have lost `taken` [C], answer as before."""
    convolution, norm = layer.get_submodule("0"), layer.get_submodule("1")
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    kernel = convolution.weight.sum(dim=(2, 3))
    missing = kernel[:, 0] * taken if convolution.groups > 1 else kernel @ taken
    norm.running_mean.sub_(missing)  # type: ignore[union-attr]
