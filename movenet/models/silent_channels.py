"""Hidden channels of MobileNetV2 that answer every picture with the same number, and how they are woken.

Training with weight decay silences channels for good: where their kernels have shrunk to nothing, the batch norm's bias
alone is left, and behind a ReLU nothing wakes them any more. Published backbones have many of them (of the detector
in MediaPipe's Objectron, 19 of 32 in the first unit and 453 of 576 in the first of the sixth stage).
"""

from __future__ import annotations

import copy
import math

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from movenet.models.mobilenet import HiddenLayers, MobileNetV2

# Hidden channels lie between these, behind their ReLU6.
_LOWEST, _HIGHEST = 0.0, 6.0
# The silent ones move by nothing or by rounding; the next ones by a thousand times more.
CONSTANT_RANGE = 1e-5


def depthwise_range(depthwise: nn.Conv2d) -> tuple[Tensor, Tensor]:
    """Bounds [C] of what a unit's depthwise convolution and the ReLU6 behind it can give for any picture.

    Args:
        depthwise: of hidden channels, with its batch norm folded in.
    """
    kernel = depthwise.weight.detach().flatten(1)
    bias = depthwise.bias.detach()  # type: ignore[union-attr]  # folding gave it one
    lowest = bias + _HIGHEST * kernel.clamp(max=0).sum(dim=1)
    highest = bias + _HIGHEST * kernel.clamp(min=0).sum(dim=1)
    return lowest.clamp(_LOWEST, _HIGHEST), highest.clamp(_LOWEST, _HIGHEST)


def wake_silent_channels(network: nn.Module, images: Tensor) -> int:
    """Give the silent hidden channels of the units that are trained a fresh start; the network computes what it did.

    Their kernels are drawn anew and their batch norms get the statistics of pictures, but nobody reads them yet: their
    weights in the projection are zero, which its first steps change.

    Args:
        network: with batch norms, in eval mode. Units of which a part is fixed (needs no gradient) stay as they are.
        images: what the network takes, some hundred of them.

    Returns:
        How many there were.
    """
    woken = [
        (layers, silent)
        for backbone in network.modules()
        if isinstance(backbone, MobileNetV2)
        for layers in backbone.hidden_layers()
        if all(parameter.requires_grad for sequence in layers for parameter in sequence.parameters())
        and len(silent := _start_afresh(layers))
    ]
    # What the depthwise convolutions see depends on the statistics before them: one pass after the other.
    for position in range(2):
        hooks = [_take_statistics(layers[position], silent) for layers, silent in woken]
        with torch.no_grad():
            network(images)
        for hook in hooks:
            hook.remove()
    return sum(len(silent) for _, silent in woken)


def _start_afresh(layers: HiddenLayers) -> Tensor:
    """Draw the silent channels' kernels anew and take them out of what is read; returns their indices."""
    reader, reader_norm = _convolution_and_norm(layers.reader)
    lowest, highest = depthwise_range(fuse_conv_bn_eval(*_convolution_and_norm(copy.deepcopy(layers.depthwise).eval())))
    silent = (highest - lowest <= CONSTANT_RANGE).nonzero()[:, 0]
    with torch.no_grad():
        # What their constants added, the batch norm behind the projection takes on.
        reader_norm.running_mean -= reader.weight[:, silent, 0, 0] @ highest[silent]  # type: ignore[operator]
        reader.weight[:, silent] = 0
        for sequence in (layers.maker, layers.depthwise):
            convolution, norm = _convolution_and_norm(sequence)
            drawn = torch.randn_like(convolution.weight[silent])
            convolution.weight[silent] = drawn * math.sqrt(2 / convolution.weight[0].numel())  # He et al. 2015
            norm.weight[silent], norm.bias[silent] = 1.0, 0.0
    return silent


def _take_statistics(sequence: nn.Sequential, channels: Tensor) -> torch.utils.hooks.RemovableHandle:
    _, norm = _convolution_and_norm(sequence)

    def take(_norm: nn.Module, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0][:, channels], dim=(0, 2, 3))
        assert norm.running_mean is not None
        assert norm.running_var is not None
        norm.running_mean[channels], norm.running_var[channels] = mean, variance

    return norm.register_forward_pre_hook(take)


def _convolution_and_norm(sequence: nn.Sequential) -> tuple[nn.Conv2d, nn.BatchNorm2d]:
    convolution, norm = sequence[0], sequence[1]
    assert isinstance(convolution, nn.Conv2d)
    assert isinstance(norm, nn.BatchNorm2d)
    return convolution, norm
