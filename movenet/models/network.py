"""MoveNet: backbone, feature pyramid and heads, put together from a small description."""

from __future__ import annotations

from torch import Tensor, nn

from movenet.models.heads import PLAIN_HEADS, HeadLayout, Heads, PoseHeads
from movenet.models.layers import ProbabilityName
from movenet.models.pyramid import FeaturePyramid, PyramidMaps, SumPyramid


class MoveNet(nn.Module):
    """RGB pixels in, four heads out.

    Args:
        backbone: gives maps at strides 4, 8, 16 and 32.
        pyramid: makes of them what the heads read.
        head_channels: channels inside each head's tower.
        num_keypoints: K.
        probability_name: see `PoseHeads`.
        head_layout: what each head reads.
    """

    def __init__(
        self,
        backbone: nn.Module,
        pyramid: FeaturePyramid | SumPyramid,
        head_channels: int,
        num_keypoints: int,
        probability_name: ProbabilityName = "sigmoid",
        head_layout: HeadLayout = PLAIN_HEADS,
    ) -> None:
        super().__init__()
        self.backbone = backbone
        self.pyramid = pyramid
        self.heads = PoseHeads(pyramid.channels, head_channels, num_keypoints, probability_name, head_layout)
        self.num_keypoints = num_keypoints

    def forward(self, image: Tensor) -> Heads:
        """Float RGB [N, 3, S, S], 0..255, S a multiple of 32 -> `Heads` with G = S / 4.

        The scaling to -1..1 is in here, so that every run-time is fed plain pixels.
        """
        return self.heads(self.features(image))

    def features(self, image: Tensor) -> PyramidMaps:
        """What the heads read; the input as in `forward`."""
        return self.pyramid(self.backbone(image / 127.5 - 1.0))
