"""Feature pyramids: from the backbone's levels to one map at stride 4 (Lin et al. 2017, top-down part)."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import NamedTuple

from torch import Tensor, nn

from movenet.models.layers import conv_norm, depthwise_separable, upsample
from movenet.models.mobilenet import fresh_residual

# Sides of the input must be a multiple of the coarsest stride; the heatmap's grid is the finest stride's.
COARSEST_STRIDE = 32
HEATMAP_STRIDE = 4

# Hidden channels of `SumPyramid`'s coarsest level as a multiple of the backbone's.
TOP_EXPANSION = 6


class PyramidMaps(NamedTuple):
    """What the heads read.

    Attributes:
        fine: [N, C, G, G], at the heatmap's stride.
        middle: [N, D, G / 2, G / 2], at the next stride.
        coarse: [N, E, G / 8, G / 8], at the coarsest stride.
    """

    fine: Tensor
    middle: Tensor
    coarse: Tensor


class PyramidChannels(NamedTuple):
    """Widths of `PyramidMaps`."""

    fine: int
    middle: int
    coarse: int


class FeaturePyramid(nn.Module):
    """Top-down: bilinear x2, add the linear lateral of the finer level, smooth by a depthwise separable convolution.

    Args:
        channels: widths of the backbone's levels, finest (stride 4) first.
        widths: width of the pyramid before each merge, coarsest first, and of the result; one entry a level.
        top_activation: whether the coarsest level's 1x1 convolution has an activation (in Google's graphs it is
            linear, as the laterals are).
    """

    def __init__(self, channels: tuple[int, ...], widths: tuple[int, ...], top_activation: bool = True) -> None:
        super().__init__()
        if len(widths) != len(channels):
            raise ValueError(f"{len(channels)} levels need as many pyramid widths, not {len(widths)}")
        finer = channels[-2::-1]
        self.top = conv_norm(channels[-1], widths[0], activation=nn.ReLU if top_activation else None)
        self.laterals = nn.ModuleList(
            conv_norm(inputs, width, activation=None) for inputs, width in zip(finer, widths[:-1], strict=True)
        )
        self.smooth = nn.ModuleList(depthwise_separable(inputs, outputs) for inputs, outputs in pairwise(widths))
        self.channels = PyramidChannels(fine=widths[-1], middle=widths[-2], coarse=channels[-1])

    def forward(self, features: list[Tensor]) -> PyramidMaps:
        x = middle = self.top(features[-1])
        for lateral, smooth, feature in zip(self.laterals, self.smooth, features[-2::-1], strict=True):
            middle = x
            x = smooth(upsample(x) + lateral(feature))
        return PyramidMaps(x, middle, features[-1])


@dataclass(frozen=True)
class Refinement:
    """Inverted residuals after a merge.

    Attributes:
        units: how many.
        expansion: hidden channels as a multiple of the pyramid's width.
    """

    units: int
    expansion: int


class SumPyramid(nn.Module):
    """BlazePose's: top-down, bilinear x2, add the finer level's lateral; all in one width, and nothing is smoothed.

    Ours may refine what a merge gives. Fresh refinements change nothing, so that a network without them can be gone on
    from.

    Args:
        channels: widths of the backbone's levels, finest (stride 4) first.
        width: of every level and of the result.
        refinements: of the merges, coarsest (stride 16) first; those without one come last and are left out.
    """

    def __init__(self, channels: tuple[int, ...], width: int, refinements: tuple[Refinement, ...] = ()) -> None:
        super().__init__()
        hidden = channels[-1] * TOP_EXPANSION
        self.widen = nn.Sequential(
            conv_norm(channels[-1], hidden, activation=nn.ReLU6),
            conv_norm(hidden, hidden, 3, groups=hidden, activation=nn.ReLU6),
        )
        self.top = nn.Sequential(
            conv_norm(hidden, hidden, 3, groups=hidden, activation=nn.ReLU6),
            conv_norm(hidden, width, activation=nn.ReLU6),
        )
        self.laterals = nn.ModuleList(
            nn.Sequential(
                conv_norm(inputs, inputs, 3, groups=inputs, activation=nn.ReLU6),
                conv_norm(inputs, width, activation=nn.ReLU6),
            )
            for inputs in channels[-2::-1]
        )
        none = Refinement(0, 1)
        self.refinements = nn.ModuleList(
            nn.Sequential(*(fresh_residual(width, each.expansion) for _ in range(each.units)))
            for each in (*refinements, *[none] * (len(self.laterals) - len(refinements)))
        )
        self.channels = PyramidChannels(fine=width, middle=width, coarse=hidden)

    def forward(self, features: list[Tensor]) -> PyramidMaps:
        coarse = self.widen(features[-1])
        x = middle = self.top(coarse)
        for lateral, refinement, feature in zip(self.laterals, self.refinements, features[-2::-1], strict=True):
            middle = x
            x = refinement(upsample(x) + lateral(feature))
        return PyramidMaps(x, middle, coarse)
