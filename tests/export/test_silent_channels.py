"""Channels that say nothing go; the function stays."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from export.silent_channels import drop_silent_channels
from movenet.models import build
from movenet.models.fold import fold_batch_norms
from movenet.models.silent_channels import HiddenLayers, hidden_layers

NAME = "mobilenet_v2_x1_0"


def network(seed: int = 0) -> nn.Module:
    """With batch norms as after a training, folded."""
    torch.manual_seed(seed)
    made = build(NAME, num_keypoints=3)
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.uniform_(module.bias, -0.5, 0.5)
            module.running_var.uniform_(0.5, 2.0)  # type: ignore[union-attr]
    return fold_batch_norms(made)


def widths(of: nn.Module) -> list[int]:
    return [len(layers.depthwise[0].weight) for layers in hidden_layers(of)]  # type: ignore[arg-type]


def silence(layers: HiddenLayers, channels: slice, bias: float) -> None:
    """Their depthwise kernels shrink to nothing."""
    with torch.no_grad():
        layers.depthwise[0].weight[channels] = 0  # type: ignore[index]
        layers.depthwise[0].bias[channels] = bias  # type: ignore[index]


def pictures() -> Tensor:
    return torch.rand(2, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255


@pytest.mark.parametrize("bias", [-1.0, 0.5, 9.0])
def test_the_function_stays(bias: float) -> None:
    full = network()
    for layers in hidden_layers(full):
        silence(layers, slice(8, 20), bias)
    smaller = drop_silent_channels(full)
    assert all(fewer == width - 8 for fewer, width in zip(widths(smaller), widths(full), strict=True))
    with torch.no_grad():
        for expected, found in zip(full(pictures()), smaller(pictures()), strict=True):
            assert torch.allclose(expected, found, rtol=1e-4, atol=1e-4)


def test_a_channel_that_can_never_rise_above_zero_is_silent() -> None:
    full = network()
    layers = [*hidden_layers(full)][3]
    with torch.no_grad():
        kernel = layers.depthwise[0].weight[:8].flatten(1)  # type: ignore[index]
        layers.depthwise[0].bias[:8] = -6 * kernel.clamp(min=0).sum(dim=1) - 0.01  # type: ignore[index]
    smaller = drop_silent_channels(full)
    assert widths(full)[3] - widths(smaller)[3] == 8
    with torch.no_grad():
        assert torch.allclose(full(pictures()).heatmap, smaller(pictures()).heatmap, atol=1e-5)


def test_a_channel_that_can_is_kept() -> None:
    full = network()
    layers = [*hidden_layers(full)][3]
    with torch.no_grad():
        kernel = layers.depthwise[0].weight[:8].flatten(1)  # type: ignore[index]
        layers.depthwise[0].bias[:8] = -6 * kernel.clamp(min=0).sum(dim=1) + 0.01  # type: ignore[index]
    assert widths(drop_silent_channels(full)) == widths(full)


def test_a_whole_number_of_eights_is_left() -> None:
    full = network()
    silence(next(hidden_layers(full)), slice(0, 19), 0.3)
    smaller = drop_silent_channels(full)
    assert widths(full)[0] == 32
    assert widths(smaller)[0] == 16
    # The network that was given is not touched.
    assert widths(full)[0] == len(next(hidden_layers(full)).maker[0].weight)  # type: ignore[arg-type]


def test_other_backbones_stay_as_they_are() -> None:
    full = fold_batch_norms(build("shufflenet_v2_x0_75", num_keypoints=3))
    smaller = drop_silent_channels(full)
    assert all(torch.equal(a, b) for a, b in zip(full.parameters(), smaller.parameters(), strict=True))
