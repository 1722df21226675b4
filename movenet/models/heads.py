"""The four heads: heatmap, center, reg and offset."""

from __future__ import annotations

import math
from typing import NamedTuple

from torch import Tensor, nn

from movenet.models.layers import ProbabilityName, depthwise_separable, probability


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


class PoseHeads(nn.Module):
    """One small tower a head: depthwise separable convolution with activation, then a 1x1 to the head's channels.

    Args:
        inputs: channels of the pyramid's map.
        hidden: channels inside a tower.
        num_keypoints: K.
        probability_name: what turns the logits of heatmap and center into 0..1.
    """

    def __init__(self, inputs: int, hidden: int, num_keypoints: int, probability_name: ProbabilityName) -> None:
        super().__init__()

        def tower(outputs: int, last_bias: float = 0.0) -> nn.Sequential:
            last = nn.Conv2d(hidden, outputs, 1)
            nn.init.normal_(last.weight, std=0.001)
            nn.init.constant_(last.bias, last_bias)  # type: ignore[arg-type]  # it has a bias
            return nn.Sequential(*depthwise_separable(inputs, hidden), last)

        self.heatmap = tower(num_keypoints, _logit(PRIOR_PROBABILITY, probability_name))
        self.center = tower(1, _logit(PRIOR_PROBABILITY, probability_name))
        self.reg = tower(2 * num_keypoints)
        self.offset = tower(2 * num_keypoints)
        self.probability = probability(probability_name)

    def forward(self, x: Tensor) -> Heads:
        return Heads(
            heatmap=self.probability(self.heatmap(x)),
            center=self.probability(self.center(x)),
            reg=self.reg(x),
            offset=self.offset(x),
        )


def _logit(share: float, probability_name: ProbabilityName) -> float:
    """What a probability function turns into `share`, a number of 0.5 at most."""
    if probability_name == "sigmoid":
        return math.log(share / (1 - share))
    return (2 * share - 1) / (2 * share)
