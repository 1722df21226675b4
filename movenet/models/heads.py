"""The four heads: heatmap, center, reg and offset."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor, nn

from movenet.models.layers import ProbabilityName, conv_norm, depthwise_separable, probability, upsample
from movenet.models.pyramid import COARSEST_STRIDE, HEATMAP_STRIDE, PyramidMaps


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


class PoseHeads(nn.Module):
    """One small tower a head: depthwise separable convolution with activation, then a 1x1 to the head's channels.

    Reg can be read off the coarse map instead, where a person is a few cells large and a convolution costs nothing.
    What it says of a person is linear in the place that it says it at, and so is the upsampling to the heads' grid.

    Args:
        inputs: channels of the pyramid's fine map.
        hidden: channels inside a tower.
        num_keypoints: K.
        probability_name: what turns the logits of heatmap and center into 0..1.
        coarse_inputs: channels of the pyramid's coarse map, if reg reads that one.
        center_in_heatmap: whether center is read off the heatmap's tower and has none of its own.
    """

    def __init__(
        self,
        inputs: int,
        hidden: int,
        num_keypoints: int,
        probability_name: ProbabilityName,
        coarse_inputs: int | None = None,
        center_in_heatmap: bool = False,
    ) -> None:
        super().__init__()

        def last_layer(channels: int, outputs: int, bias: float = 0.0) -> nn.Conv2d:
            last = nn.Conv2d(channels, outputs, 1)
            nn.init.normal_(last.weight, std=0.001)
            nn.init.constant_(last.bias, bias)  # type: ignore[arg-type]  # it has a bias
            return last

        def tower(outputs: int, last_bias: float = 0.0) -> nn.Sequential:
            return nn.Sequential(*depthwise_separable(inputs, hidden), last_layer(hidden, outputs, last_bias))

        def coarse_tower(channels: int, outputs: int) -> nn.Sequential:
            fewer = channels // _COARSE_REDUCTION
            return nn.Sequential(
                conv_norm(channels, channels, 3, groups=channels, activation=nn.ReLU6),
                conv_norm(channels, fewer, activation=nn.ReLU6),
                last_layer(fewer, outputs),
            )

        self.heatmap = tower(num_keypoints, _logit(PRIOR_PROBABILITY, probability_name))
        self.center_in_heatmap = center_in_heatmap
        center_bias = _logit(PRIOR_PROBABILITY, probability_name)
        self.center = last_layer(hidden, 1, center_bias) if center_in_heatmap else tower(1, center_bias)
        self.reg_is_coarse = coarse_inputs is not None
        self.reg = coarse_tower(coarse_inputs, 2 * num_keypoints) if coarse_inputs else tower(2 * num_keypoints)
        self.offset = tower(2 * num_keypoints)
        self.probability = probability(probability_name)

    def forward(self, maps: PyramidMaps) -> Heads:
        if self.reg_is_coarse:
            reg = upsample(self.reg(maps.coarse), COARSEST_STRIDE // HEATMAP_STRIDE)
        else:
            reg = self.reg(maps.fine)
        *tower, last = self.heatmap
        hidden = maps.fine
        for layer in tower:
            hidden = layer(hidden)
        return Heads(
            heatmap=self.probability(last(hidden)),
            center=self.probability(self.center(hidden if self.center_in_heatmap else maps.fine)),
            reg=reg,
            offset=self.offset(maps.fine),
        )


def _logit(share: float, probability_name: ProbabilityName) -> float:
    """What a probability function turns into `share`, a number of 0.5 at most."""
    if probability_name == "sigmoid":
        return math.log(share / (1 - share))
    return (2 * share - 1) / (2 * share)
