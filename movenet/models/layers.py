"""The small parts that all networks here are made of."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Literal

import torch
from torch import Tensor, nn
from torch.nn import functional

ProbabilityName = Literal["sigmoid", "cheap_sigmoid"]


class CheapSigmoid(nn.Module):
    """`0.5 * x / (1 + |x|) + 0.5`: monotonic, 0..1, without an exponential (the article's replacement)."""

    def forward(self, x: Tensor) -> Tensor:
        return 0.5 * (x / (1.0 + torch.abs(x))) + 0.5


def probability(name: ProbabilityName) -> nn.Module:
    """The module that turns logits into 0..1."""
    return nn.Sigmoid() if name == "sigmoid" else CheapSigmoid()


class Conv2d(nn.Conv2d):
    """A convolution that a CPU trains fast in bfloat16, too.

    Strided and 5x5 depthwise convolutions compute in single precision there: in bfloat16, forward and backward take 4
    to 26 times as long (`benchmarks/depthwise.py`).
    """

    def _conv_forward(self, input: Tensor, weight: Tensor, bias: Tensor | None) -> Tensor:
        slow_in_half = self.groups > 1 and (self.stride[0] > 1 or self.kernel_size[0] > 3)
        if slow_in_half and input.device.type == "cpu" and torch.is_autocast_enabled("cpu"):
            half = torch.get_autocast_dtype("cpu")
            with torch.autocast("cpu", enabled=False):
                return super()._conv_forward(input.float(), weight, bias).to(half)
        return super()._conv_forward(input, weight, bias)


class SamePadConv2d(Conv2d):
    """A convolution with TensorFlow's "SAME" padding: at stride 2 and an even size only right and bottom are padded."""

    def forward(self, x: Tensor) -> Tensor:
        pads = []
        for size, kernel, stride in zip(x.shape[:1:-1], self.kernel_size[::-1], self.stride[::-1], strict=True):
            total = max((-(-size // stride) - 1) * stride + kernel - size, 0)
            pads += [total // 2, total - total // 2]
        return self._conv_forward(functional.pad(x, pads), self.weight, self.bias)


def conv_norm(
    inputs: int,
    outputs: int,
    kernel: int = 1,
    stride: int = 1,
    groups: int = 1,
    activation: type[nn.Module] | None = nn.ReLU,
    same_padding: bool = False,
) -> nn.Sequential:
    """Convolution, batch norm and (where given) an activation.

    Args:
        same_padding: pad a strided convolution as TensorFlow does, instead of symmetrically.
    """
    pad_as_tensorflow = same_padding and stride > 1
    convolution_type = SamePadConv2d if pad_as_tensorflow else Conv2d
    padding = 0 if pad_as_tensorflow else kernel // 2
    layers: list[nn.Module] = [
        convolution_type(inputs, outputs, kernel, stride, padding, groups=groups, bias=False),
        nn.BatchNorm2d(outputs),
    ]
    if activation is not None:
        layers.append(activation(inplace=True))
    return nn.Sequential(*layers)


def depthwise_separable(inputs: int, outputs: int, activation: type[nn.Module] | None = nn.ReLU) -> nn.Sequential:
    """Depthwise 3x3, bare (no norm, bias or activation, as in Google's graphs), then pointwise 1x1 with norm."""
    return nn.Sequential(
        nn.Conv2d(inputs, inputs, 3, padding=1, groups=inputs, bias=False),
        conv_norm(inputs, outputs, activation=activation),
    )


def upsample(x: Tensor, factor: int = 2) -> Tensor:
    """Bilinear with half-pixel centers, as every run-time here implements it."""
    return functional.interpolate(x, scale_factor=float(factor), mode="bilinear", align_corners=False)


def normed_convolutions(network: nn.Module) -> Iterator[tuple[nn.Conv2d, nn.BatchNorm2d]]:
    """The convolutions with a batch norm directly behind them, and that one."""
    for sequence in network.modules():
        if isinstance(sequence, nn.Sequential):
            for convolution, norm in pairwise(sequence.children()):
                if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
                    yield convolution, norm
