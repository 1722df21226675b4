"""BlazePose's projections without biases: the same network, nearer to zero."""

from __future__ import annotations

import copy

import torch
from torch import nn

from movenet.models import MoveNet, build
from movenet.models.centering import center_projections


def far_from_zero() -> MoveNet:
    torch.manual_seed(0)
    network = build("blazepose_lite", 17).eval()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias)
            nn.init.normal_(module.running_mean)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
    for stage in network.backbone.stages:
        for unit in stage.children():
            nn.init.normal_(unit.layers[-1][1].bias, std=100.0)
    return network


def test_inside_the_picture_nothing_changes() -> None:
    network = far_from_zero()
    centered = copy.deepcopy(network)
    center_projections(centered)
    image = torch.rand(1, 3, 256, 256) * 255
    inside = slice(1, -1)
    with torch.no_grad():
        levels, centered_levels = network.backbone(image), centered.backbone(image)
        assert all(new.abs().mean() < 0.2 * old.abs().mean() for old, new in zip(levels, centered_levels, strict=True))
        for index, lateral in enumerate(network.pyramid.laterals):
            expected = lateral(levels[-2 - index])
            found = centered.pyramid.laterals[index](centered_levels[-2 - index])
            torch.testing.assert_close(found[..., inside, inside], expected[..., inside, inside], rtol=1e-3, atol=1e-3)
        expected, found = network.pyramid.widen(levels[-1]), centered.pyramid.widen(centered_levels[-1])
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-3)


def test_other_backbones_stay_as_they_are() -> None:
    network = build("mobilenet_v2_x1_0", 2)
    before = copy.deepcopy(network.state_dict())
    center_projections(network)
    assert all(torch.equal(value, before[name]) for name, value in network.state_dict().items())
