"""Folded batch norms: recognised, and given statistics without a change of the network."""

from __future__ import annotations

import math

import torch
from torch import nn

from movenet.models import MoveNet, build
from movenet.models.fold import folded_batch_norms, unfold_batch_norms


def imported_network() -> MoveNet:
    """Its backbone's batch norms add a bias and nothing else, as after an import; the rest is fresh."""
    torch.manual_seed(0)
    network = build("mobilenet_v2_x1_0", 17).eval()
    for module in network.backbone.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.bias)
            nn.init.constant_(module.weight, math.sqrt(1 + module.eps))
    return network


def test_only_imported_batch_norms_count_as_folded() -> None:
    network = imported_network()
    in_backbone = [module for module in network.backbone.modules() if isinstance(module, nn.BatchNorm2d)]
    assert folded_batch_norms(network) == in_backbone
    assert folded_batch_norms(build("mobilenet_v2_x1_0", 17)) == []
    assert folded_batch_norms(build("blazepose_refined", 17)) == []


def test_unfolding_changes_no_output_in_eval_mode_and_little_in_train_mode() -> None:
    network = imported_network()
    images = torch.rand(32, 3, 64, 64) * 255
    scaled = images / 127.5 - 1
    with torch.no_grad():
        before = network.backbone(scaled)[-1]
        folded_in_train_mode = network.train().backbone(scaled)[-1]
        norms = folded_batch_norms(imported := imported_network())
        unfold_batch_norms(imported, norms, images)
        after = imported.backbone(scaled)[-1]
        in_train_mode = imported.train().backbone(scaled)[-1]
    assert folded_batch_norms(imported) == []
    spread = before.std()
    assert (after - before).abs().max() < 1e-4 * spread
    # The same pictures as the statistics are of: only the rounding differs (and the divisor of the variance).
    assert (in_train_mode - before).abs().mean() < 0.01 * spread
    assert (folded_in_train_mode - before).abs().mean() > 0.1 * spread
