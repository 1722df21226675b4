"""MobileNetV2 as Google's MoveNet builds it (Sandler et al. 2018; the sizes are read off Google's published graphs)."""

from __future__ import annotations

from torch import Tensor, nn

from movenet.models.layers import conv_norm

STEM_CHANNELS = 32
# (output channels at width 1, units, stride of the first unit, expansion)
STAGES = (
    (16, 1, 1, 1),
    (24, 2, 2, 6),
    (32, 3, 2, 6),
    (64, 4, 2, 6),
    (96, 3, 1, 6),
    (160, 3, 2, 6),
    (320, 1, 1, 6),
)
LAST_CHANNELS = 1280
# The stages that the FPN reads, at strides 4, 8 and 16; the fourth level, at stride 32, is the last convolution where
# there is one, else the last stage.
LATERAL_STAGES = (1, 2, 3)


def scaled_channels(channels: int, width: float) -> int:
    """The nearest multiple of 8, never more than a tenth below (MobileNet's `make_divisible`)."""
    scaled = max(8, int(channels * width + 4) // 8 * 8)
    return scaled + 8 if scaled < 0.9 * channels * width else scaled


class InvertedResidual(nn.Module):
    """Expand, depthwise convolution, linear projection; with a shortcut where the shapes agree.

    Args:
        inputs, outputs: channels.
        stride: of the depthwise convolution.
        expansion: hidden channels as a multiple of `inputs`.
        kernel: of the depthwise convolution.
        same_padding: see `conv_norm`.
    """

    def __init__(
        self, inputs: int, outputs: int, stride: int, expansion: int, kernel: int = 3, same_padding: bool = True
    ) -> None:
        super().__init__()
        hidden = inputs * expansion
        expand = [conv_norm(inputs, hidden, activation=nn.ReLU6)] if expansion > 1 else []
        self.layers = nn.Sequential(
            *expand,
            conv_norm(hidden, hidden, kernel, stride, hidden, activation=nn.ReLU6, same_padding=same_padding),
            conv_norm(hidden, outputs, activation=None),
        )
        self.has_shortcut = stride == 1 and inputs == outputs

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x) if self.has_shortcut else self.layers(x)


def fresh_residual(width: int, expansion: int) -> InvertedResidual:
    """An inverted residual that changes nothing until it is trained, for a network that is trained already."""
    unit = InvertedResidual(width, width, 1, expansion, kernel=5)
    last_norm = unit.layers[-1][1]  # type: ignore[index]  # of the projection
    nn.init.zeros_(last_norm.weight)
    return unit


class MobileNetV2(nn.Module):
    """The feature maps at strides 4, 8, 16 and 32; `channels` says how wide each is.

    Args:
        width: 1.0 for Lightning's backbone, 1.75 for Thunder's.
        has_last: whether the convolution to 1280 channels is there, as in Google's graphs.
    """

    def __init__(self, width: float, has_last: bool = True) -> None:
        super().__init__()
        inputs = scaled_channels(STEM_CHANNELS, width)
        self.stem = conv_norm(3, inputs, 3, stride=2, activation=nn.ReLU6, same_padding=True)
        self.stages = nn.ModuleList()
        outputs_of_stages = []
        for base, units, first_stride, expansion in STAGES:
            outputs = scaled_channels(base, width)
            blocks = []
            for unit in range(units):
                blocks.append(InvertedResidual(inputs, outputs, first_stride if unit == 0 else 1, expansion))
                inputs = outputs
            self.stages.append(nn.Sequential(*blocks))
            outputs_of_stages.append(outputs)
        # The last convolution keeps its width below 1 and, in Google's graphs, also above.
        self.has_last = has_last
        self.last = conv_norm(inputs, LAST_CHANNELS, activation=nn.ReLU6) if has_last else nn.Identity()
        top_channels = LAST_CHANNELS if has_last else inputs
        self.channels = (*(outputs_of_stages[stage] for stage in LATERAL_STAGES), top_channels)

    def forward(self, x: Tensor) -> list[Tensor]:
        features = []
        x = self.stem(x)
        for index, stage in enumerate(self.stages):
            x = stage(x)
            if index in LATERAL_STAGES:
                features.append(x)
        return [*features, self.last(x)]
