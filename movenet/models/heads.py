"""The four heads: heatmap, center, reg and offset."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

from torch import Tensor, nn

from movenet.models.layers import ProbabilityName, conv_norm, depthwise_separable, probability, upsample
from movenet.models.pyramid import COARSEST_STRIDE, HEATMAP_STRIDE, PyramidChannels, PyramidMaps


class Heads(NamedTuple):
    """What the network hands over; shapes and meanings in docs/network.md.

    Attributes:
        heatmap: [N, K, G, G], 0..1: all persons' keypoints.
        center: [N, 1, G, G], 0..1: all persons' centers.
        reg: [N, 2K, G, G], x0, y0, x1, ...: from a center's cell to that person's keypoints, in cells.
        offset: [N, 2K, G, G], x0, y0, ...: from a keypoint's cell to its exact place, in cells.
    """

    heatmap: Tensor
    center: Tensor
    reg: Tensor
    offset: Tensor


# A fresh network's maps start near this value, so that the sea of background does not dominate the first steps
# (Lin et al. 2017, "Focal Loss", section 4.1).
PRIOR_PROBABILITY = 0.05

# As in BlazePose's regression.
_COARSE_REDUCTION = 3


@dataclass(frozen=True)
class HeadLayout:
    """What each head reads; if nothing is said, all have their own tower over the pyramid's fine map.

    What reg says of a person, and offset of a keypoint, is linear in the place that it is said at, and so is the
    upsampling to the heads' grid: read off a coarser map, where layers cost less, nothing is lost.

    Attributes:
        reg_is_coarse: reg reads the pyramid's coarse map.
        offset_is_middle: offset reads the pyramid's middle map.
        center_in_heatmap: center is read off the heatmap's tower and has none of its own.
    """

    reg_is_coarse: bool = False
    offset_is_middle: bool = False
    center_in_heatmap: bool = False


PLAIN_HEADS = HeadLayout()


class PoseHeads(nn.Module):
    """One small tower a head: depthwise separable convolution with activation, then a 1x1 to the head's channels.

    Args:
        inputs: widths of the pyramid's maps.
        hidden: channels inside a tower.
        num_keypoints: K.
        probability_name: what turns the logits of heatmap and center into 0..1.
        layout: what each head reads.
    """

    def __init__(
        self,
        inputs: PyramidChannels,
        hidden: int,
        num_keypoints: int,
        probability_name: ProbabilityName,
        layout: HeadLayout,
    ) -> None:
        super().__init__()

        def last_layer(channels: int, outputs: int, bias: float = 0.0) -> nn.Conv2d:
            last = nn.Conv2d(channels, outputs, 1)
            nn.init.normal_(last.weight, std=0.001)
            nn.init.constant_(last.bias, bias)  # type: ignore[arg-type]  # it has a bias
            return last

        def tower(channels: int, outputs: int, last_bias: float = 0.0) -> nn.Sequential:
            return nn.Sequential(*depthwise_separable(channels, hidden), last_layer(hidden, outputs, last_bias))

        def coarse_tower(channels: int, outputs: int) -> nn.Sequential:
            fewer = channels // _COARSE_REDUCTION
            return nn.Sequential(
                conv_norm(channels, channels, 3, groups=channels, activation=nn.ReLU6),
                conv_norm(channels, fewer, activation=nn.ReLU6),
                last_layer(fewer, outputs),
            )

        self.layout = layout
        prior = _logit(PRIOR_PROBABILITY, probability_name)
        num_coordinates = 2 * num_keypoints
        self.heatmap = tower(inputs.fine, num_keypoints, prior)
        self.center = last_layer(hidden, 1, prior) if layout.center_in_heatmap else tower(inputs.fine, 1, prior)
        self.reg = (
            coarse_tower(inputs.coarse, num_coordinates)
            if layout.reg_is_coarse
            else tower(inputs.fine, num_coordinates)
        )
        self.offset = tower(inputs.middle if layout.offset_is_middle else inputs.fine, num_coordinates)
        self.probability = probability(probability_name)

    def forward(self, maps: PyramidMaps) -> Heads:
        *tower, last = self.heatmap
        hidden = maps.fine
        for layer in tower:
            hidden = layer(hidden)
        if self.layout.reg_is_coarse:
            reg = upsample(self.reg(maps.coarse), COARSEST_STRIDE // HEATMAP_STRIDE)
        else:
            reg = self.reg(maps.fine)
        return Heads(
            heatmap=self.probability(last(hidden)),
            center=self.probability(self.center(hidden if self.layout.center_in_heatmap else maps.fine)),
            reg=reg,
            offset=upsample(self.offset(maps.middle)) if self.layout.offset_is_middle else self.offset(maps.fine),
        )


def _logit(share: float, probability_name: ProbabilityName) -> float:
    """What a probability function turns into `share`, a number of 0.5 at most."""
    if probability_name == "sigmoid":
        return math.log(share / (1 - share))
    return (2 * share - 1) / (2 * share)
