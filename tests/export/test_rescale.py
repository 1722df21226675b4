"""Balancing and folding: the same function, with weights that half precision can hold."""

from __future__ import annotations

import copy

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch import Tensor, nn

from export.rescale import balance_depthwise, cut_kernels, keep_means, round_kernels, round_network
from movenet.models import build, preset_names
from movenet.models.fold import fold_batch_norms
from movenet.models.layers import depthwise_separable

CHANNELS = 8


def tiny_depthwise(exponent: float) -> nn.Sequential:
    """Depthwise weights around 10**exponent, and pointwise weights that make up for it."""
    torch.manual_seed(0)
    layers = nn.Sequential(
        nn.Conv2d(CHANNELS, CHANNELS, 3, padding=1, groups=CHANNELS, bias=False), nn.Conv2d(CHANNELS, 5, 1)
    )
    with torch.no_grad():
        layers[0].weight *= 10**exponent
        layers[1].weight *= 10**-exponent
    return layers


def through_half(network: nn.Module) -> nn.Module:
    """Weights as a converter stores them: rounded to half precision, subnormal numbers flushed to zero."""
    smallest = torch.finfo(torch.float16).tiny
    with torch.no_grad():
        for parameter in network.parameters():
            half = parameter.half().float()
            parameter.copy_(torch.where(half.abs() < smallest, 0.0, half))
    return network


def pixels() -> Tensor:
    return torch.randn(2, CHANNELS, 12, 12, generator=torch.Generator().manual_seed(1))


@pytest.mark.parametrize("exponent", [-7, -3, 0, 3])
def test_balancing_is_exact(exponent: float) -> None:
    network = tiny_depthwise(exponent)
    with torch.no_grad():
        assert torch.equal(network(pixels()), balance_depthwise(network)(pixels()))


def test_balancing_with_a_bias_is_exact() -> None:
    network = nn.Sequential(nn.Conv2d(4, 4, 3, groups=4), nn.Conv2d(4, 3, 1)).double()
    with torch.no_grad():
        network[0].weight *= 1e-6
        image = torch.randn(1, 4, 6, 6, dtype=torch.double)
        assert torch.equal(network(image), balance_depthwise(network)(image))


def test_tiny_weights_survive_half_precision() -> None:
    network = tiny_depthwise(-4)
    with torch.no_grad():
        expected = network(pixels())
        plain = (through_half(copy.deepcopy(network))(pixels()) - expected).abs().max()
        balanced = (through_half(balance_depthwise(network))(pixels()) - expected).abs().max()
    assert balanced < 0.02 * plain


def test_dead_channel_stays_dead() -> None:
    network = tiny_depthwise(0)
    with torch.no_grad():
        network[0].weight[0] = 0
        network[1].weight[:, 1] = 0
    balanced = balance_depthwise(network)
    assert all(bool(parameter.isfinite().all()) for parameter in balanced.parameters())
    assert torch.equal(balanced[0].weight[0], network[0].weight[0])  # type: ignore[index]


def test_a_kernel_out_of_bounds_on_a_channel_that_died_does_not_spoil_half_precision() -> None:
    network = tiny_depthwise(0)
    pictures = pixels()
    pictures[:, 0] = 0
    with torch.no_grad():
        network[0].weight[0] = 1e7
        expected = network(pictures)
        assert not through_half(copy.deepcopy(network))(pictures).isfinite().all()
        assert torch.equal(cut_kernels(network)(pictures), expected)
        torch.testing.assert_close(through_half(cut_kernels(network))(pictures), expected, rtol=1e-2, atol=1e-2)
    assert network[0].weight.max() == 1e7  # type: ignore[operator]


def test_an_activation_between_forbids_balancing() -> None:
    network = nn.Sequential(tiny_depthwise(-3)[0], nn.ReLU6(), tiny_depthwise(-3)[1])
    balanced = balance_depthwise(network)
    assert all(torch.equal(a, b) for a, b in zip(network.parameters(), balanced.parameters(), strict=True))


def test_network_given_is_not_changed() -> None:
    network = nn.Sequential(*depthwise_separable(CHANNELS, 5)).eval()
    before = {name: value.clone() for name, value in network.state_dict().items()}
    balance_depthwise(fold_batch_norms(network))
    assert all(torch.equal(before[name], value) for name, value in network.state_dict().items())


@pytest.mark.parametrize("preset", preset_names())
def test_folding_and_balancing_keep_every_network(preset: str) -> None:
    torch.manual_seed(0)
    network = build(preset, 3)
    with torch.no_grad():
        network(255 * torch.rand(2, 3, 64, 64))
        network.eval()
        folded = fold_batch_norms(network)
        assert not any(isinstance(module, nn.BatchNorm2d) for module in folded.modules())
        picture = 255 * torch.rand(1, 3, 64, 64)
        for expected, from_folded, from_balanced in zip(
            network(picture), folded(picture), balance_depthwise(folded)(picture), strict=True
        ):
            torch.testing.assert_close(from_folded, expected, atol=1e-4, rtol=1e-4)
            torch.testing.assert_close(from_balanced, from_folded, atol=1e-5, rtol=1e-5)


@given(st.integers(0, 10_000), st.floats(-3, 3), st.sampled_from([1, CHANNELS]))
def test_rounded_kernels_keep_their_sums_over_height_and_width(seed: int, exponent: float, groups: int) -> None:
    layer = nn.Conv2d(CHANNELS, CHANNELS, 3, groups=groups, bias=False)
    with torch.no_grad():
        layer.weight.copy_(
            10**exponent * torch.randn(layer.weight.shape, generator=torch.Generator().manual_seed(seed))
        )
    kernel = layer.weight.detach()
    rounded = round_kernels(layer).weight.detach()
    assert torch.equal(rounded, rounded.half().float())
    unit = torch.finfo(torch.float16).eps * kernel.abs().amax(dim=(2, 3))
    assert ((rounded - kernel).abs().amax(dim=(2, 3)) <= 5 * unit).all()
    lost = (rounded.double() - kernel.double()).sum(dim=(2, 3)).abs()
    # What is left is the rounding of one small number.
    small = kernel.abs().amin(dim=(2, 3)) + 5 * unit
    assert (lost <= torch.finfo(torch.float16).eps * small + torch.finfo(torch.float16).tiny).all()


@pytest.mark.parametrize("groups", [1, CHANNELS])
def test_a_kernel_of_differences_sees_nothing_on_even_ground(groups: int) -> None:
    torch.manual_seed(0)
    layer = nn.Conv2d(CHANNELS, CHANNELS, 3, groups=groups, bias=False)
    with torch.no_grad():
        layer.weight -= layer.weight.mean(dim=(2, 3), keepdim=True)
        ground = 6 * torch.ones(1, CHANNELS, 5, 5)
        kept, each = round_kernels(layer)(ground).abs().max(), through_half(layer)(ground).abs().max()
    assert kept < 0.05 * each


def test_pointwise_kernels_are_rounded_to_the_nearest() -> None:
    layer = nn.Conv2d(4, 6, 1)
    assert torch.equal(round_kernels(layer).weight, layer.weight.half().float())


@pytest.mark.parametrize("normed", [False, True])
def test_inputs_far_from_zero_keep_their_mean_answer(normed: bool) -> None:
    """As behind a linear layer with large biases, or a batch norm with a large mean."""
    torch.manual_seed(0)
    layer = nn.Sequential(nn.Conv2d(8, 6, 1, bias=not normed), *([nn.BatchNorm2d(6)] if normed else []))
    images = 300 + torch.randn(4, 8, 5, 5)
    layer.eval()
    rounded = round_kernels(layer)
    with torch.no_grad():
        before = (rounded(images) - layer(images)).abs().max()
        keep_means(layer, rounded, images)
        after = (rounded(images) - layer(images)).abs().max()
    assert after < 0.05 * before


def test_rounding_keeps_every_layer_of_a_network_in_half_precision() -> None:
    network = build("blazepose_lite", 17).eval()
    for rounded in (round_network(network), round_network(fold_batch_norms(network))):
        for layer in rounded.modules():
            if isinstance(layer, nn.Conv2d):
                assert torch.equal(layer.weight, layer.weight.half().float())
