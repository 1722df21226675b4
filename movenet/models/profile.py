"""Size and work of a network."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from movenet.models.network import MoveNet


@dataclass(frozen=True)
class Profile:
    """What one forward pass of one picture costs.

    Attributes:
        parameters: numbers in the network once batch norms are folded into their convolutions.
        multiply_adds: of all convolutions.
    """

    parameters: int
    multiply_adds: int


def profile(network: MoveNet, input_size: int) -> Profile:
    """Count by running one black picture of `input_size` pixels through the network, in eval mode."""
    convolutions = [module for module in network.modules() if isinstance(module, nn.Conv2d)]
    work: list[int] = []

    def count(module: nn.Module, _inputs: tuple[Tensor, ...], output: Tensor) -> None:
        assert isinstance(module, nn.Conv2d)
        work.append(output.shape[2] * output.shape[3] * module.weight.numel())

    hooks = [module.register_forward_hook(count) for module in convolutions]
    was_training = network.training
    network.eval()
    with torch.no_grad():
        network(torch.zeros(1, 3, input_size, input_size))
    network.train(was_training)
    for hook in hooks:
        hook.remove()
    return Profile(_folded_parameters(network, convolutions), sum(work))


def _folded_parameters(network: MoveNet, convolutions: list[nn.Conv2d]) -> int:
    weights = sum(convolution.weight.numel() for convolution in convolutions)
    biases = sum(convolution.out_channels for convolution in convolutions if convolution.bias is not None)
    # Folded, a batch norm is its convolution's bias.
    folded = sum(module.num_features for module in network.modules() if isinstance(module, nn.BatchNorm2d))
    return weights + biases + folded
