"""What a network takes over from a trained one."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from movenet.models import MoveNet, NetworkSpec
from movenet.models.initial_weights import take_over
from movenet.skeleton import COCO17, Skeleton

OWN = Skeleton.from_dict({"keypoints": [{"name": "head", "sigma": 0.1}, {"name": "foot", "sigma": 0.1}], "edges": []})


def spec_of(model: str, skeleton: Skeleton = COCO17) -> NetworkSpec:
    return NetworkSpec(model, 64, "sigmoid", skeleton)


def trained(spec: NetworkSpec) -> MoveNet:
    """A network whose batch norms and last layers are not as they start."""
    network = spec.build().eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, nn.BatchNorm2d):
                for values in (module.running_mean, module.bias):
                    values.normal_(std=0.1)  # type: ignore[union-attr]
                for values in (module.running_var, module.weight):
                    values.uniform_(0.5, 1.5)  # type: ignore[union-attr]
        for head in (network.heads.heatmap, network.heads.center, network.heads.reg, network.heads.offset):
            nn.init.normal_(head[-1].weight)  # type: ignore[arg-type]
    return network


@pytest.fixture
def images() -> torch.Tensor:
    torch.manual_seed(0)
    return torch.rand(2, 3, 64, 64) * 255


def test_wider_heads_compute_what_the_source_does(images: torch.Tensor) -> None:
    torch.manual_seed(1)
    narrow, wide = spec_of("blazepose_lite"), spec_of("blazepose_lite_wide_heads")
    source, network = trained(narrow), wide.build()
    assert take_over(network, wide, source, narrow) == set()
    with torch.no_grad():
        expected, found = source(images), network.eval()(images)
    for one, other in zip(expected, found, strict=True):
        assert one.std() > 1e-3  # not because there is nothing to see
        torch.testing.assert_close(other, one)


def test_new_channels_of_wider_heads_learn(images: torch.Tensor) -> None:
    torch.manual_seed(1)
    narrow, wide = spec_of("blazepose_lite"), spec_of("blazepose_lite_wide_heads")
    source, network = trained(narrow), wide.build()
    take_over(network, wide, source, narrow)
    sum(head.square().sum() for head in network.train()(images)).backward()
    channels = source.heads.offset[-1].in_channels
    gradient = network.heads.offset[-1].weight.grad
    assert (gradient[:, channels:] != 0).any(dim=0).all()


def test_a_narrower_network_starts_its_heads_fresh() -> None:
    narrow, wide = spec_of("blazepose_lite"), spec_of("blazepose_lite_wide_heads")
    fresh = take_over(narrow.build(), narrow, wide.build(), wide)
    assert "heads.offset.2.weight" in fresh
    assert all(name.startswith(("heads.offset.", "heads.heatmap.")) for name in fresh)


def test_another_skeleton_starts_its_last_layers_fresh(images: torch.Tensor) -> None:
    # (Two keypoints would fit into seventeen, but they are others.)
    theirs, own = spec_of("blazepose_lite", OWN), spec_of("blazepose_lite")
    source, network = trained(theirs), own.build()
    fresh = take_over(network, own, source, theirs)
    last = {f"heads.{head}.2.{part}" for head in ("heatmap", "reg", "offset") for part in ("weight", "bias")}
    assert fresh == last
    with torch.no_grad():
        expected, found = (one.eval().features(images).fine for one in (source, network))
    torch.testing.assert_close(found, expected)


def test_another_backbone_is_not_taken_over() -> None:
    theirs, own = spec_of("shufflenet_v2_x0_5"), spec_of("blazepose_lite")
    fresh = take_over(own.build(), own, theirs.build(), theirs)
    assert {name for name in own.build().state_dict() if name.startswith("backbone.stages.")} <= fresh
