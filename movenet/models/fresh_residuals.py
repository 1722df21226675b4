"""Residuals that a trained network has been given, and how they get something to say.

Added so that they change nothing (`movenet.models.mobilenet.fresh_residual`), they may never learn anything: a trained
network is near the bottom of its loss, where the gradient of a unit that is not heard is noise, and its batch norm's
weight walks around zero. One that is heard a little, and wrong at first, has something to put right.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from movenet.models.mobilenet import InvertedResidual


def start_fresh_residuals(network: nn.Module, images: Tensor, share: float) -> int:
    """Make the residuals that say nothing yet heard; the network's answers change a little.

    Args:
        network: with batch norms, in eval mode.
        images: what the network takes, some hundred of them; their statistics go into the batch norms.
        share: spread of what such a residual adds, as a share of the spread of what it is added to.

    Returns:
        How many there were.
    """
    fresh = [
        module
        for module in network.modules()
        if isinstance(module, InvertedResidual) and module.has_shortcut and not _last_norm(module).weight.any()
    ]
    for residual in fresh:
        _fill_statistics(network, residual, images)
        spread = _spread_of_inputs(network, residual, images)
        with torch.no_grad():
            _last_norm(residual).weight.copy_(share * spread)
    return len(fresh)


def _last_norm(residual: InvertedResidual) -> nn.BatchNorm2d:
    norm = residual.layers[-1][1]  # type: ignore[index]  # of the projection
    assert isinstance(norm, nn.BatchNorm2d)
    return norm


def _fill_statistics(network: nn.Module, residual: InvertedResidual, images: Tensor) -> None:
    norms = [module for module in residual.modules() if isinstance(module, nn.BatchNorm2d)]
    momenta = [norm.momentum for norm in norms]
    for norm in norms:
        norm.momentum = 1.0
        norm.train()
    with torch.no_grad():
        network(images)
    for norm, momentum in zip(norms, momenta, strict=True):
        norm.momentum = momentum
        norm.eval()


def _spread_of_inputs(network: nn.Module, residual: InvertedResidual, images: Tensor) -> Tensor:
    """[C]: standard deviation over pictures and places."""
    spreads: list[Tensor] = []
    hook = residual.register_forward_pre_hook(lambda _, inputs: spreads.append(inputs[0].std(dim=(0, 2, 3))))
    with torch.no_grad():
        network(images)
    hook.remove()
    return spreads[0]
