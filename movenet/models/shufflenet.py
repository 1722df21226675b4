"""ShuffleNetV2's stages as a backbone.

Ma et al. 2018, "ShuffleNet V2: Practical Guidelines for Efficient CNN Architecture Design".
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from movenet.models.layers import conv_norm

# Channels of the stem and of the stages at strides 8, 16 and 32. 0.5 and 1.0 are the paper's; 0.75 lies between.
STAGE_CHANNELS: dict[float, tuple[int, int, int, int]] = {
    0.5: (24, 48, 96, 192),
    0.75: (24, 80, 160, 320),
    1.0: (24, 116, 232, 464),
}
STAGE_UNITS = (4, 8, 4)


def channel_shuffle(x: Tensor) -> Tensor:
    """Interleave the two halves of the channels, so that the next unit mixes both branches."""
    batch, channels, height, width = x.shape
    return x.view(batch, 2, channels // 2, height, width).transpose(1, 2).reshape(batch, channels, height, width)


class ShuffleUnit(nn.Module):
    """Half of the channels pass, the other half goes through pointwise, depthwise, pointwise; then shuffle."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        half = channels // 2
        self.branch = nn.Sequential(
            conv_norm(half, half),
            conv_norm(half, half, 3, groups=half, activation=None),
            conv_norm(half, half),
        )

    def forward(self, x: Tensor) -> Tensor:
        kept, changed = x.chunk(2, dim=1)
        return channel_shuffle(torch.cat([kept, self.branch(changed)], dim=1))


class ShuffleDownUnit(nn.Module):
    """Both branches halve the resolution; together they have the next stage's channels."""

    def __init__(self, inputs: int, outputs: int) -> None:
        super().__init__()
        half = outputs // 2
        self.short = nn.Sequential(
            conv_norm(inputs, inputs, 3, stride=2, groups=inputs, activation=None),
            conv_norm(inputs, half),
        )
        self.branch = nn.Sequential(
            conv_norm(inputs, half),
            conv_norm(half, half, 3, stride=2, groups=half, activation=None),
            conv_norm(half, half),
        )

    def forward(self, x: Tensor) -> Tensor:
        return channel_shuffle(torch.cat([self.short(x), self.branch(x)], dim=1))


class ShuffleNetV2(nn.Module):
    """The feature maps at strides 4, 8, 16 and 32; `channels` says how wide each is.

    Args:
        width: one of `STAGE_CHANNELS`.
    """

    def __init__(self, width: float) -> None:
        super().__init__()
        self.channels = STAGE_CHANNELS[width]
        self.stem = nn.Sequential(conv_norm(3, self.channels[0], 3, stride=2), nn.MaxPool2d(3, stride=2, padding=1))
        self.stages = nn.ModuleList()
        for inputs, outputs, units in zip(self.channels[:-1], self.channels[1:], STAGE_UNITS, strict=True):
            rest = [ShuffleUnit(outputs) for _ in range(units - 1)]
            self.stages.append(nn.Sequential(ShuffleDownUnit(inputs, outputs), *rest))

    def forward(self, x: Tensor) -> list[Tensor]:
        features = [self.stem(x)]
        for stage in self.stages:
            features.append(stage(features[-1]))
        return features
