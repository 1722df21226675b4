"""Silenced channels are found, and waking them changes no answer."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from movenet.models import build
from movenet.models.fold import fold_batch_norms
from movenet.models.mobilenet import HiddenLayers, MobileNetV2
from movenet.models.network import MoveNet
from movenet.models.silent_channels import CONSTANT_RANGE, depthwise_range, wake_silent_channels

SILENCED = slice(4, 20)


def hidden_layers(network: nn.Module) -> list[HiddenLayers]:
    backbone = network.get_submodule("backbone")
    assert isinstance(backbone, MobileNetV2)
    return list(backbone.hidden_layers())


def num_silent(network: nn.Module) -> list[int]:
    ranges = [depthwise_range(layers.depthwise[0]) for layers in hidden_layers(fold_batch_norms(network))]  # type: ignore[arg-type]
    return [int((highest - lowest <= CONSTANT_RANGE).sum()) for lowest, highest in ranges]


def fresh_network() -> MoveNet:
    torch.manual_seed(0)
    network = build("mobilenet_v2_x1_0", num_keypoints=3)
    for layers in hidden_layers(network):
        with torch.no_grad():
            # A kernel of negative weights alone would be silent from the start.
            layers.depthwise[0].weight[:, 0, 1, 1].abs_()  # type: ignore[index, operator]
    return network.eval()


def silenced_network() -> MoveNet:
    """Some channels of every unit are silent; what they say is 0 or more."""
    network = fresh_network()
    for layers in hidden_layers(network):
        with torch.no_grad():
            layers.depthwise[0].weight[SILENCED] = 0  # type: ignore[index]
            layers.depthwise[1].bias[SILENCED] = torch.linspace(-1, 2, 16)  # type: ignore[index]
    return network


def pictures(seed: int = 1) -> Tensor:
    return torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 255


def test_every_unit_is_found() -> None:
    network = fresh_network()
    depthwise = [m for m in network.backbone.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert [layers.depthwise[0] for layers in hidden_layers(network)] == depthwise
    assert num_silent(network) == [0] * len(depthwise)
    assert num_silent(silenced_network()) == [16] * len(depthwise)


def test_waking_changes_no_answer() -> None:
    network = silenced_network()
    with torch.no_grad():
        before = network(pictures(2))
        assert wake_silent_channels(network, pictures()) == 16 * len(hidden_layers(network))
        after = network(pictures(2))
    assert num_silent(network) == [0] * len(hidden_layers(network))
    for expected, found in zip(before, after, strict=True):
        assert torch.allclose(expected, found, rtol=1e-3, atol=1e-4)


def test_woken_channels_have_the_statistics_of_pictures_and_learn() -> None:
    network = silenced_network()
    wake_silent_channels(network, pictures())
    layers = hidden_layers(network)[5]
    seen: list[Tensor] = []
    layers.depthwise[1].register_forward_hook(lambda _norm, _inputs, output: seen.append(output[:, SILENCED].clone()))
    sum(head.sum() for head in network(pictures())).backward()
    variance, mean = torch.var_mean(seen[0], dim=(0, 2, 3))
    assert torch.allclose(mean, torch.zeros(16), atol=1e-2)
    assert torch.allclose(variance, torch.ones(16), atol=2e-2)
    # Nobody reads them yet, but that is the first thing to be learnt.
    gradient = layers.reader[0].weight.grad
    assert isinstance(gradient, Tensor)
    assert (gradient[:, SILENCED].abs().amax(dim=(0, 2, 3)) > 0).sum() > 8


def test_fixed_units_stay_as_they_are() -> None:
    network = silenced_network()
    network.backbone.get_submodule("stem").requires_grad_(False)
    assert wake_silent_channels(network, pictures()) == 16 * (len(hidden_layers(network)) - 1)
    assert num_silent(network)[0] == 16


def test_a_backbone_without_such_units_has_nothing_to_wake() -> None:
    assert wake_silent_channels(build("shufflenet_v2_x0_75", num_keypoints=3).eval(), pictures()) == 0
