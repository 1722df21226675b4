"""Fresh residuals are heard as far as they should be, and nothing else changes."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor

from movenet.models import build
from movenet.models.fresh_residuals import start_fresh_residuals
from movenet.models.network import MoveNet

# Of `blazepose_deep`: one unit in the backbone's last stage, two at each of two strides in the pyramid.
FRESH = ("backbone.stages.5.4", *(f"pyramid.refinements.{merge}.{unit}" for merge in range(2) for unit in range(2)))


def pictures(seed: int = 1) -> Tensor:
    return torch.rand(16, 3, 64, 64, generator=torch.Generator().manual_seed(seed)) * 255


def grown_network() -> MoveNet:
    torch.manual_seed(0)
    network = build("blazepose_deep", num_keypoints=3)
    for module in network.modules():
        if isinstance(module, torch.nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(pictures(2))
    return network.eval()


@pytest.mark.parametrize("share", [0.1, 0.5])
def test_they_add_their_share(share: float) -> None:
    network = grown_network()
    assert start_fresh_residuals(network, pictures(), share) == len(FRESH)
    heard: dict[str, float] = {}

    def hear(name: str, stream: Tensor, answer: Tensor) -> None:
        heard[name] = ((answer - stream).std(dim=(0, 2, 3)) / stream.std(dim=(0, 2, 3))).mean().item()

    for name in FRESH:
        network.get_submodule(name).register_forward_hook(
            lambda _, inputs, output, name=name: hear(name, inputs[0], output)
        )
    with torch.no_grad():
        network(pictures())
    assert list(heard.values()) == pytest.approx([share] * len(FRESH), rel=0.05)


def test_those_that_say_something_stay_as_they_are() -> None:
    network = grown_network()
    trained = network.get_submodule("pyramid.refinements.0.1")
    torch.nn.init.constant_(trained.layers[-1][1].weight[:1], 0.3)  # type: ignore[index, operator, union-attr]
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert start_fresh_residuals(network, pictures(), 0.2) == len(FRESH) - 1
    changed = {key for key, value in network.state_dict().items() if not torch.equal(value, before[key])}
    assert changed
    assert all(
        key.startswith(tuple(f"{name}." for name in FRESH if name != "pyramid.refinements.0.1")) for key in changed
    )


def test_a_network_without_any_stays_as_it_was() -> None:
    network = build("lightning", num_keypoints=3).eval()
    before = {key: value.clone() for key, value in network.state_dict().items()}
    assert start_fresh_residuals(network, pictures(), 0.2) == 0
    assert all(torch.equal(value, before[key]) for key, value in network.state_dict().items())
    assert not network.training
