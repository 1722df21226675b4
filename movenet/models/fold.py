"""Batch norm folded into the convolution before it, and what undoes it for training."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

Network = TypeVar("Network", bound=nn.Module)


def fold_batch_norms(network: Network) -> Network:
    """A copy in eval mode whose convolutions hold the batch norms that followed them directly in a `Sequential`.

    Exact up to rounding, and half of the layers less.
    """
    folded = copy.deepcopy(network).eval()
    for module in list(folded.modules()):
        if isinstance(module, nn.Sequential):
            _fold_sequence(module)
    return folded


def _fold_sequence(sequence: nn.Sequential) -> None:
    for index in range(len(sequence) - 1):
        convolution, norm = sequence[index], sequence[index + 1]
        if isinstance(convolution, nn.Conv2d) and isinstance(norm, nn.BatchNorm2d):
            # In double precision, so that the new weights are rounded once only.
            sequence[index] = fuse_conv_bn_eval(convolution.double(), norm.double()).float()
            sequence[index + 1] = nn.Identity()


def folded_batch_norms(network: nn.Module) -> list[nn.BatchNorm2d]:
    """The batch norms that add a bias and nothing else (mean 0, variance 1), as an imported network has them.

    A fresh batch norm, with weights 1 (0 where a refinement begins) and without a bias, is not among them: an imported
    one's weight cancels epsilon.
    """
    norms = [module for module in network.modules() if isinstance(module, nn.BatchNorm2d)]
    unmoved = [norm for norm in norms if not norm.running_mean.any() and (norm.running_var == 1).all()]  # type: ignore[union-attr]
    return [norm for norm in unmoved if norm.bias.any() or ((norm.weight != 1) & (norm.weight != 0)).any()]


def unfold_batch_norms(network: Network, norms: list[nn.BatchNorm2d], images: Tensor) -> None:
    """Give batch norms the statistics of pictures, without a change of what the network computes in eval mode.

    In train mode a batch norm divides by the spread of its batch. One that was folded has forgotten what to multiply by
    afterwards, so the first steps of a training would undo what the network knows.

    Args:
        network: in eval mode.
        norms: the batch norms to fill.
        images: what the network takes, some hundred of them.
    """
    moments: dict[nn.BatchNorm2d, tuple[Tensor, Tensor]] = {}

    def measure(norm: nn.BatchNorm2d, inputs: tuple[Tensor, ...]) -> None:
        variance, mean = torch.var_mean(inputs[0].double(), dim=(0, 2, 3))
        moments[norm] = mean, variance

    hooks = [norm.register_forward_pre_hook(measure) for norm in norms]
    with torch.no_grad():
        network(images)
        for norm, (mean, variance) in moments.items():
            assert norm.running_mean is not None
            assert norm.running_var is not None
            gain = norm.weight / torch.sqrt(norm.running_var + norm.eps)
            norm.bias.add_((mean.float() - norm.running_mean) * gain)
            norm.weight.copy_(gain * torch.sqrt(variance.float() + norm.eps))
            norm.running_mean.copy_(mean)
            norm.running_var.copy_(variance)
    for hook in hooks:
        hook.remove()
