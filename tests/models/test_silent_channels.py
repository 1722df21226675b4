"""Silent channels are found, waking them changes no answer, and idle ones fall silent."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn

from movenet.models import build
from movenet.models.fold import fold_batch_norms
from movenet.models.network import MoveNet
from movenet.models.silent_channels import (
    CONSTANT_RANGE,
    depthwise_range,
    hidden_layers,
    silence_idle_channels,
    wake_silent_channels,
)

SILENCED = slice(4, 20)


presets = pytest.mark.parametrize("name", ["mobilenet_v2_x1_0", "blazepose_lite"])


def num_silent(network: nn.Module) -> list[int]:
    """By unit; those whose kernels can say but one thing."""
    ranges = [depthwise_range(layers.depthwise[0]) for layers in hidden_layers(fold_batch_norms(network))]  # type: ignore[arg-type]
    return [int((highest - lowest <= CONSTANT_RANGE).sum()) for lowest, highest in ranges]


def fresh_network(name: str, silenced: slice = slice(0)) -> MoveNet:
    """With the statistics of pictures: all channels move, but the silenced ones of every unit, which lack a kernel."""
    torch.manual_seed(0)
    network = build(name, num_keypoints=3)
    for layers in hidden_layers(network):
        with torch.no_grad():
            # A kernel of negative weights alone would be silent from the start.
            layers.depthwise[0].weight[:, 0, 1, 1].abs_()  # type: ignore[index, operator]
            layers.depthwise[0].weight[silenced] = 0  # type: ignore[index]
            layers.depthwise[1].bias.fill_(1.0)  # type: ignore[operator]
            layers.depthwise[1].bias[silenced] = torch.linspace(-1, 2, silenced.stop - (silenced.start or 0))  # type: ignore[index]
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(pictures(3))
    return network.eval()


def silenced_network(name: str = "mobilenet_v2_x1_0") -> MoveNet:
    return fresh_network(name, SILENCED)


def pictures(seed: int = 1) -> Tensor:
    return torch.rand(8, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 255


@presets
def test_every_unit_is_found(name: str) -> None:
    network = fresh_network(name)
    depthwise = [m for m in network.backbone.modules() if isinstance(m, nn.Conv2d) and m.groups > 1]
    assert [layers.depthwise[0] for layers in hidden_layers(network)] == depthwise
    assert num_silent(network) == [0] * len(depthwise)
    assert num_silent(silenced_network(name)) == [16] * len(depthwise)


@presets
def test_waking_changes_no_answer(name: str) -> None:
    network = silenced_network(name)
    with torch.no_grad():
        before = network(pictures(2))
        assert wake_silent_channels(network, pictures()) == 16 * len([*hidden_layers(network)])
        after = network(pictures(2))
    assert not any(num_silent(network))
    for expected, found in zip(before, after, strict=True):
        assert torch.allclose(expected, found, rtol=1e-3, atol=1e-4)


@presets
def test_a_channel_that_its_activation_never_lets_through_is_woken(name: str) -> None:
    network = fresh_network(name)
    layers = [*hidden_layers(network)][4]
    with torch.no_grad():
        layers.depthwise[1].bias[SILENCED] = -1000.0  # type: ignore[index]
    assert wake_silent_channels(network, pictures()) == 16
    with torch.no_grad():
        hidden = layers.depthwise(layers.maker(torch.randn(4, layers.maker[0].in_channels, 16, 16)))  # type: ignore[arg-type]
    assert (hidden[:, SILENCED].amax(dim=(0, 2, 3)) > 0).all()


@presets
def test_woken_channels_have_the_statistics_of_pictures_and_learn(name: str) -> None:
    network = silenced_network(name)
    wake_silent_channels(network, pictures())
    layers = [*hidden_layers(network)][5]
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
    assert wake_silent_channels(network, pictures()) == 16 * (len([*hidden_layers(network)]) - 1)
    assert num_silent(network)[0] == 16


def test_a_backbone_without_such_units_has_nothing_to_wake() -> None:
    assert wake_silent_channels(build("shufflenet_v2_x0_75", num_keypoints=3).eval(), pictures()) == 0


@presets
def test_idle_channels_fall_silent_and_hardly_change_an_answer(name: str) -> None:
    network = fresh_network(name)
    for layers in hidden_layers(network):
        with torch.no_grad():
            layers.depthwise[1].weight[SILENCED] *= 1e-4  # type: ignore[index, operator]
    with torch.no_grad():
        before = network(pictures(2))
        silenced = silence_idle_channels(network, pictures(), share=1e-6)
        after = network(pictures(2))
    assert sum(num_silent(network)) == silenced
    for layers in hidden_layers(network):
        assert not layers.depthwise[0].weight[SILENCED].any()  # type: ignore[index]
        # There may be one or two others that a fresh projection hardly reads.
        assert 16 <= int((layers.depthwise[1].weight == 0).sum()) <= 20  # type: ignore[union-attr]
    for expected, found in zip(before, after, strict=True):
        assert torch.allclose(expected, found, rtol=1e-2, atol=1e-2)


@presets
def test_channels_that_carry_something_stay(name: str) -> None:
    network = fresh_network(name)
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert silence_idle_channels(network, pictures(), share=0.0) == 0
    assert all((value == before[key]).all() for key, value in network.state_dict().items())
    # One of the least is let go at a time: the more are allowed to carry, the more fall silent.
    counts = [silence_idle_channels(fresh_network(name), pictures(), share) for share in (0.01, 0.1, 0.5)]
    assert counts == sorted(counts)
    assert 0 < counts[0] < counts[-1]


def test_training_does_not_wake_the_silenced() -> None:
    network = fresh_network("blazepose_lite")
    silence_idle_channels(network, pictures(), share=0.05)
    silent = num_silent(network)
    assert sum(silent) > 0
    optimiser = torch.optim.AdamW(network.parameters(), lr=1e-2)
    network.train()
    for seed in range(3):
        optimiser.zero_grad()
        sum(head.square().mean() for head in network(pictures(seed))).backward()
        optimiser.step()
    assert num_silent(network.eval()) == silent
