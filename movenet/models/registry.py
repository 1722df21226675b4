"""Presets: named networks. `build` makes one; the number of keypoints comes from the skeleton."""

from __future__ import annotations

import difflib
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import nn

from movenet.errors import ConfigError
from movenet.models.blazepose import BlazePose
from movenet.models.heads import PLAIN_HEADS, HeadLayout
from movenet.models.layers import ProbabilityName
from movenet.models.mobilenet import MobileNetV2
from movenet.models.network import MoveNet
from movenet.models.pyramid import FeaturePyramid, Refinement, SumPyramid
from movenet.models.shufflenet import ShuffleNetV2


@dataclass(frozen=True)
class Preset:
    """One architecture.

    Attributes:
        backbone: makes it; its `channels` are the widths of its levels.
        pyramid: makes it for such widths.
        head_channels: see `PoseHeads`.
        input_size: side of the input in pixels that it is meant for; others work too.
        head_layout: what each head reads.
    """

    backbone: Callable[[], nn.Module]
    pyramid: Callable[[tuple[int, ...]], FeaturePyramid | SumPyramid]
    head_channels: int
    input_size: int = 192
    head_layout: HeadLayout = PLAIN_HEADS


def _pyramid(*widths: int, top_activation: bool = True) -> Callable[[tuple[int, ...]], FeaturePyramid]:
    return partial(FeaturePyramid, widths=widths, top_activation=top_activation)


_GOOGLES_PYRAMID = _pyramid(64, 32, 24, 24, top_activation=False)
PRESETS = {
    "shufflenet_v2_x0_5": Preset(partial(ShuffleNetV2, 0.5), _pyramid(48, 32, 24, 24), head_channels=48),
    "shufflenet_v2_x0_75": Preset(partial(ShuffleNetV2, 0.75), _pyramid(64, 48, 32, 32), head_channels=64),
    "shufflenet_v2_x1_0": Preset(partial(ShuffleNetV2, 1.0), _pyramid(96, 64, 32, 32), head_channels=64),
    "mobilenet_v2_x1_0": Preset(
        partial(MobileNetV2, 1.0, has_last=False), _pyramid(96, 64, 32, 32), head_channels=64, input_size=160
    ),
    # Google's MoveNet: the same pyramid and heads for both sizes.
    "lightning": Preset(partial(MobileNetV2, 1.0), _GOOGLES_PYRAMID, head_channels=96),
    "thunder": Preset(partial(MobileNetV2, 1.75), _GOOGLES_PYRAMID, head_channels=96, input_size=256),
    # Google's BlazePose up to its heatmaps, with our heads.
    "blazepose_lite": Preset(
        partial(BlazePose, (8, 16, 24, 40, 56, 96)),
        partial(SumPyramid, width=32),
        head_channels=32,
        head_layout=HeadLayout(reg_is_coarse=True),
    ),
    # Lite with refined merges in the pyramid. Center has no tower of its own, and offset's stands where it is cheaper:
    # that pays for half of it, `movenet thin` for the rest.
    "blazepose_refined": Preset(
        partial(BlazePose, (8, 16, 24, 40, 56, 96)),
        partial(SumPyramid, width=32, refinements=(Refinement(2, 4), Refinement(2, 3))),
        head_channels=32,
        head_layout=HeadLayout(reg_is_coarse=True, offset_is_middle=True, center_in_heatmap=True),
    ),
    "blazepose_full": Preset(
        partial(BlazePose, (16, 24, 32, 64, 88, 144)),
        partial(SumPyramid, width=48),
        head_channels=48,
        head_layout=HeadLayout(reg_is_coarse=True),
    ),
}


def preset_names() -> list[str]:
    return list(PRESETS)


def find_preset(name: str) -> Preset:
    """The preset of this name.

    Raises:
        ConfigError: if there is none.
    """
    if name not in PRESETS:
        near = difflib.get_close_matches(name, PRESETS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ConfigError(f"unknown model '{name}'{hint} Known: {', '.join(PRESETS)}")
    return PRESETS[name]


def build(name: str, num_keypoints: int, probability: ProbabilityName = "sigmoid") -> MoveNet:
    """A freshly initialised network.

    Args:
        name: one of `preset_names()`.
        num_keypoints: of the skeleton.
        probability: `sigmoid`, or the article's `cheap_sigmoid`.

    Raises:
        ConfigError: if there is no such preset.
    """
    preset = find_preset(name)
    backbone = preset.backbone()
    pyramid = preset.pyramid(backbone.channels)  # type: ignore[arg-type]  # a plain module to mypy
    return MoveNet(
        backbone,
        pyramid,
        preset.head_channels,
        num_keypoints,
        probability,
        preset.head_layout,
    )
