"""Presets: named networks, a file a family; `build` makes one.

A preset holds architecture only; the number of keypoints comes from the skeleton and the input size from the config.
"""

from __future__ import annotations

import difflib
from collections.abc import Callable

from movenet.errors import ConfigError
from movenet.models.layers import ProbabilityName
from movenet.models.mobilenet import MobileNetV2
from movenet.models.network import MoveNet
from movenet.models.shufflenet import ShuffleNetV2

_Builder = Callable[[int, ProbabilityName], MoveNet]
_PRESETS: dict[str, _Builder] = {}


def _register(name: str) -> Callable[[_Builder], _Builder]:
    def add(builder: _Builder) -> _Builder:
        _PRESETS[name] = builder
        return builder

    return add


def preset_names() -> list[str]:
    return sorted(_PRESETS)


def build(name: str, num_keypoints: int, probability: ProbabilityName = "sigmoid") -> MoveNet:
    """A freshly initialised network.

    Args:
        name: one of `preset_names()`.
        num_keypoints: of the skeleton.
        probability: `sigmoid`, or the article's `cheap_sigmoid`.

    Raises:
        ConfigError: if there is no such preset.
    """
    if name not in _PRESETS:
        near = difflib.get_close_matches(name, _PRESETS, n=1)
        hint = f"; did you mean '{near[0]}'?" if near else ""
        raise ConfigError(f"unknown model '{name}'{hint} Known: {', '.join(preset_names())}")
    return _PRESETS[name](num_keypoints, probability)


def _add_shufflenet(name: str, width: float, pyramid_widths: tuple[int, ...], head_channels: int) -> None:
    @_register(name)
    def build_preset(num_keypoints: int, probability: ProbabilityName) -> MoveNet:
        return MoveNet(ShuffleNetV2(width), pyramid_widths, head_channels, num_keypoints, probability)


def _add_mobilenet(name: str, width: float) -> None:
    # The pyramid and the heads of Google's MoveNet, the same for both of its sizes.
    @_register(name)
    def build_preset(num_keypoints: int, probability: ProbabilityName) -> MoveNet:
        return MoveNet(MobileNetV2(width), (64, 32, 24, 24), 96, num_keypoints, probability, top_activation=False)


_add_shufflenet("shufflenet_v2_x0_5", 0.5, (48, 32, 24, 24), 48)
_add_shufflenet("shufflenet_v2_x0_75", 0.75, (64, 48, 32, 32), 64)
_add_shufflenet("shufflenet_v2_x1_0", 1.0, (96, 64, 32, 32), 64)
_add_mobilenet("lightning", 1.0)
_add_mobilenet("thunder", 1.75)
