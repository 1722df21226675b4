"""Weights moved into the range of half precision without changing what the network computes, and rounded to it.

Half precision flushes what is below 6e-5 to zero when the weights are converted, and the bare depthwise layers of the
pyramid and the heads have channels whose weights are that small. A depthwise channel can be multiplied by a power of
two if the next pointwise layer's weights on that channel are divided by it: both moves are exact in binary floating
point.

Kernels wider than a pixel, depthwise ones and the stem's, are often differences: weights of either sign that nearly
cancel on even ground. Each rounded by itself, they leave a remainder there, times all the brightness of the ground. So
such a kernel is rounded to keep its sum, for each input channel. Other layers' inputs can lie far from zero, too, by
hundreds after a linear layer: what rounding changes of a layer's mean answer goes into its bias, which stays in single
precision (Nagel et al. 2019, "Data-Free Quantization Through Weight Equalization and Bias Correction", section 4.2).

Where a channel dies in training, its batch norm's variance runs out, and the folded kernel of the layer that reads it
grows beyond all bounds: infinity times zero is not a number. Cut to half precision's largest number it says what it
said, nothing.
"""

from __future__ import annotations

import copy
from collections.abc import Iterator
from itertools import pairwise
from typing import TypeVar

import torch
from torch import nn

from export.silent_channels import drop_silent_channels
from movenet.models.fold import fold_batch_norms
from movenet.models.layers import normed_convolutions, upsample

Network = TypeVar("Network", bound=nn.Module)


def prepare(network: Network, half_weights: bool) -> Network:
    """A copy in eval mode as run-times get it.

    Batch norms are folded, channels without a word to say left out, kernels balanced, kept in half precision's range,
    and rounded where weights become halves.
    """
    # Balanced for single precision too: where the CPU knows half precision, ncnn stores weights in it when it loads.
    prepared = cut_kernels(balance_depthwise(drop_silent_channels(fold_batch_norms(network))))
    return round_network(prepared) if half_weights else prepared


def balance_depthwise(network: Network) -> Network:
    """A copy in which each depthwise channel and the pointwise weights that read it are of about the same size.

    Only pairs with nothing between them are touched; batch norms should be folded before.
    """
    balanced = copy.deepcopy(network)
    for layers in _chains(balanced):
        for depthwise, pointwise in pairwise(layers):
            if _is_depthwise(depthwise) and _is_pointwise(pointwise):
                _balance(depthwise, pointwise)  # type: ignore[arg-type]
    return balanced


def cut_kernels(network: Network) -> Network:
    """A copy whose kernels are in half precision's range."""
    cut = copy.deepcopy(network)
    largest = torch.finfo(torch.float16).max
    with torch.no_grad():
        for layer in cut.modules():
            if isinstance(layer, nn.Conv2d):
                layer.weight.clamp_(-largest, largest)
    return cut


def round_network(network: Network) -> Network:
    """A copy whose kernels are numbers of half precision, and whose layers answer smooth pictures with the same means.

    Args:
        network: takes pictures [N, 3, S, S], 0..255; in eval mode.
    """
    rounded = round_kernels(network)
    # Any pictures will do: what a layer's inputs have in common comes from the biases before it.
    colours = torch.rand(4, 3, 8, 8, generator=torch.Generator().manual_seed(0)) * 255
    keep_means(network, rounded, upsample(colours, 16))
    return rounded


def keep_means(network: nn.Module, rounded: nn.Module, images: torch.Tensor) -> None:
    """Put what rounding changed of each convolution's mean answer into its bias, or the batch norm behind it.

    Args:
        network: before rounding, in eval mode.
        rounded: its copy with rounded kernels; is changed.
        images: what it takes.
    """
    means: dict[nn.Module, torch.Tensor] = {}

    def measure(layer: nn.Module, inputs: tuple[torch.Tensor, ...]) -> None:
        means[layer] = inputs[0].mean(dim=(0, 2, 3))

    pairs = [pair for pair in zip(network.modules(), rounded.modules(), strict=True) if isinstance(pair[0], nn.Conv2d)]
    norms: dict[nn.Module, nn.BatchNorm2d] = dict(normed_convolutions(rounded))
    hooks = [exact.register_forward_pre_hook(measure) for exact, _ in pairs]
    with torch.no_grad():
        network(images)
        for exact, half in pairs:
            lost = (exact.weight - half.weight).sum(dim=(2, 3))  # type: ignore[operator]
            of_mean = lost[:, 0] * means[exact] if _is_depthwise(exact) else lost @ means[exact]
            if half.bias is not None:
                half.bias.add_(of_mean)  # type: ignore[operator]
            elif half in norms:
                norms[half].running_mean.sub_(of_mean)
    for hook in hooks:
        hook.remove()


def round_kernels(network: Network) -> Network:
    """A copy whose kernels are numbers of half precision; sums over height and width stay as they were, nearly.

    The smallest weight of a sum takes what the others lost, since half precision is finest there.
    """
    rounded = copy.deepcopy(network)
    for layer in rounded.modules():
        if isinstance(layer, nn.Conv2d):
            kernel = layer.weight.detach()
            halves = kernel.half() if _is_pointwise(layer) else _keeping_sums(kernel)
            with torch.no_grad():
                layer.weight.copy_(halves)
    return rounded


def _keeping_sums(kernel: torch.Tensor) -> torch.Tensor:
    """float16 [C, D, height, width] near a float32 kernel, with about its sum over height and width."""
    exact = kernel.double().flatten(2).flatten(0, 1)
    halves = exact.half().double()
    smallest = exact.abs().argmin(dim=1, keepdim=True)
    lost = (exact - halves).sum(dim=1, keepdim=True)
    halves.scatter_add_(1, smallest, lost)
    return halves.half().reshape(kernel.shape)


def _balance(depthwise: nn.Conv2d, pointwise: nn.Conv2d) -> None:
    own = depthwise.weight.detach().abs().amax(dim=(1, 2, 3))
    next_ = pointwise.weight.detach().abs().amax(dim=(0, 2, 3))
    used = (own > 0) & (next_ > 0)
    # The exponent that brings both maxima closest to their geometric mean; a channel that is all zero stays.
    ratio = torch.where(used, next_, 1.0) / torch.where(used, own, 1.0)
    factor = torch.exp2(torch.round(torch.log2(ratio) / 2))
    with torch.no_grad():
        depthwise.weight *= factor[:, None, None, None]
        pointwise.weight /= factor[None, :, None, None]
        if depthwise.bias is not None:
            depthwise.bias *= factor


def _chains(module: nn.Module) -> Iterator[list[nn.Module]]:
    """The layers of every outermost `Sequential`, in the order of the data; inner ones are spliced in."""
    if not isinstance(module, nn.Sequential):
        for child in module.children():
            yield from _chains(child)
        return
    layers = list(_flatten(module))
    yield layers
    for layer in layers:
        yield from _chains(layer)


def _flatten(sequence: nn.Sequential) -> Iterator[nn.Module]:
    for layer in sequence:
        if isinstance(layer, nn.Sequential):
            yield from _flatten(layer)
        elif not isinstance(layer, nn.Identity):
            yield layer


def _is_depthwise(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Conv2d) and layer.groups == layer.in_channels == layer.out_channels


def _is_pointwise(layer: nn.Module) -> bool:
    return isinstance(layer, nn.Conv2d) and layer.kernel_size == (1, 1) and layer.groups == 1
