"""The backbone of Google's BlazePose (Bazarevsky et al. 2020, "BlazePose: On-device Real-time Body Pose Tracking"; the
sizes are read off the published graphs of MediaPipe Pose).
"""

from __future__ import annotations

from dataclasses import dataclass

from torch import Tensor, nn

from movenet.models.layers import conv_norm
from movenet.models.mobilenet import InvertedResidual

STEM_CHANNELS = 24


@dataclass(frozen=True)
class Stage:
    """Inverted residuals of one width: the first changes stride and width, the others have shortcuts and expansion 6.

    Attributes:
        units: how many.
        stride: of the first unit.
        kernel: of the depthwise convolutions.
        first_expansion: hidden channels of the first unit as a multiple of its inputs.
    """

    units: int
    stride: int
    kernel: int
    first_expansion: int = 6


# The published sizes differ in the widths of these alone.
STAGES = (Stage(1, 1, 3, 1), Stage(2, 2, 3, 4), Stage(2, 2, 5), Stage(3, 2, 3), Stage(3, 1, 5), Stage(4, 2, 5))
# The stages that the pyramid reads, at strides 4, 8, 16 and 32.
PYRAMID_STAGES = (1, 2, 4, 5)


class BlazePose(nn.Module):
    """The feature maps at strides 4, 8, 16 and 32; `channels` says how wide each is.

    Args:
        widths: channels of the stages' results, at strides 2, 4, 8, 16, 16 and 32.
    """

    def __init__(self, widths: tuple[int, ...]) -> None:
        super().__init__()
        self.stem = conv_norm(3, STEM_CHANNELS, 3, stride=2, activation=nn.ReLU6)
        self.stages = nn.ModuleList()
        inputs = STEM_CHANNELS
        for stage, width in zip(STAGES, widths, strict=True):
            units = []
            for unit in range(stage.units):
                stride, expansion = (1, 6) if unit else (stage.stride, stage.first_expansion)
                units.append(InvertedResidual(inputs, width, stride, expansion, stage.kernel, same_padding=False))
                inputs = width
            self.stages.append(nn.Sequential(*units))
        self.channels = tuple(widths[stage] for stage in PYRAMID_STAGES)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        x = self.stem(x)
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in PYRAMID_STAGES:
                features.append(x)
        return features
