"""Scales are put in order, and the network computes what it did."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor, nn

from movenet.models import build
from movenet.models.balance import balance_scales
from movenet.models.layers import normed_convolutions
from movenet.models.mobilenet import InvertedResidual
from movenet.models.network import MoveNet

presets = pytest.mark.parametrize("name", ["shufflenet_v2_x0_5", "lightning", "blazepose_lite", "blazepose_refined"])


def pictures() -> Tensor:
    return torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(1)) * 255


def unbalanced_network(name: str) -> MoveNet:
    """With statistics of pictures, kernels of any scale and residuals that spread far."""
    torch.manual_seed(0)
    network = build(name, num_keypoints=3)
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, InvertedResidual):
                module.layers[-1][1].weight.uniform_(5, 30)  # type: ignore[index, operator, union-attr]
            if isinstance(module, nn.BatchNorm2d):
                module.momentum = 1.0
        for convolution, _ in normed_convolutions(network):
            convolution.weight.mul_(10 ** torch.empty(len(convolution.weight), 1, 1, 1).uniform_(-1, 2))
        network.train()(pictures())
    return network.eval()


def shares_of_fresh(network: nn.Module) -> Tensor:
    """Of every kernel with a batch norm, its root mean square over that of a fresh one."""
    return torch.cat(
        [
            convolution.weight.flatten(1).square().mean(1).sqrt() / math.sqrt(2 / convolution.weight[0].numel())
            for convolution, _ in normed_convolutions(network)
        ]
    ).detach()


@presets
def test_the_network_computes_what_it_did(name: str) -> None:
    network = unbalanced_network(name)
    with torch.no_grad():
        expected = network(pictures())
        balance_scales(network)
        for before, after in zip(expected, network(pictures()), strict=True):
            torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3 * before.abs().max().item())


@presets
def test_kernels_get_the_scale_of_fresh_ones(name: str) -> None:
    network = unbalanced_network(name)
    before = shares_of_fresh(network)
    assert ((before < 0.5) | (before > 2)).float().mean() > 0.5
    balance_scales(network)
    after = shares_of_fresh(network)
    # (A few channels are silent here, and stay as they are.)
    assert ((after > 0.7) & (after < 1.42)).float().mean() > 0.9


def test_residuals_spread_near_one() -> None:
    network = unbalanced_network("blazepose_lite")
    spreads: list[float] = []
    for stage in network.backbone.stages:  # type: ignore[union-attr]
        stage.register_forward_hook(lambda _module, _inputs, output: spreads.append(output.std(dim=(0, 2, 3)).mean()))
    with torch.no_grad():
        network(pictures())
        before = spreads[:]
        spreads.clear()
        balance_scales(network)
        network(pictures())
    assert min(before) > 4
    assert all(0.4 < spread < 2 for spread in spreads)


def test_silent_channels_stay_silent_and_finite() -> None:
    network = unbalanced_network("blazepose_lite")
    convolution, norm = [*normed_convolutions(network.backbone)][5]
    with torch.no_grad():
        # As `silence_idle_channels` leaves them, and after a training.
        convolution.weight[:2], norm.weight[:2] = 0.0, 0.0
        norm.running_var[:2] = torch.tensor([2.0, 0.0])  # type: ignore[index]
        convolution.weight[2], norm.running_var[2] = 1e-6, 1e-9  # type: ignore[index]
        expected = network(pictures())
        balance_scales(network)
        answer = network(pictures())
    assert not convolution.weight[:2].any()
    assert not norm.weight[:2].any()
    assert norm.running_var[:2].tolist() == [2.0, 0.0]  # type: ignore[index]
    assert torch.equal(convolution.weight[2], torch.full_like(convolution.weight[2], 1e-6))
    for before, after in zip(expected, answer, strict=True):
        torch.testing.assert_close(after, before, rtol=1e-3, atol=1e-3 * before.abs().max().item())


def test_balancing_twice_changes_nothing_more() -> None:
    network = unbalanced_network("blazepose_refined")
    balance_scales(network)
    once = {key: value.clone() for key, value in network.state_dict().items()}
    balance_scales(network)
    assert all(torch.equal(once[key], value) for key, value in network.state_dict().items())
