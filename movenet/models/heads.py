"""The four heads: heatmap, center, reg and offset."""

from __future__ import annotations

from typing import NamedTuple

import torch
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

        def tower(outputs: int) -> nn.Sequential:
            return nn.Sequential(*depthwise_separable(inputs, hidden), nn.Conv2d(hidden, outputs, 1))

        self.heatmap = tower(num_keypoints)
        self.center = tower(1)
        self.reg = tower(2 * num_keypoints)
        self.offset = tower(2 * num_keypoints)
        self.probability = probability(probability_name)
        self._start_near_prior(probability_name)

    def forward(self, x: Tensor) -> Heads:
        return Heads(
            heatmap=self.probability(self.heatmap(x)),
            center=self.probability(self.center(x)),
            reg=self.reg(x),
            offset=self.offset(x),
        )

    def _start_near_prior(self, probability_name: ProbabilityName) -> None:
        prior = torch.tensor(PRIOR_PROBABILITY)
        # The inverse of each probability function, on the side below one half.
        logit = torch.logit(prior) if probability_name == "sigmoid" else (2 * prior - 1) / (2 * prior)
        for head in (self.heatmap, self.center, self.reg, self.offset):
            nn.init.normal_(head[-1].weight, std=0.001)
            nn.init.constant_(head[-1].bias, 0.0)
        for head in (self.heatmap, self.center):
            nn.init.constant_(head[-1].bias, float(logit))
