"""Channels that answer every picture with the same number are left out: the same function, in less time."""

from __future__ import annotations

import copy
from typing import TypeVar

import torch
from torch import nn

from movenet.models.silent_channels import CONSTANT_RANGE, HiddenLayers, depthwise_range, hidden_layers

Network = TypeVar("Network", bound=nn.Module)

# Run-times compute this many channels at once and pad what is left over.
_CHANNELS_AT_ONCE = 8


def drop_silent_channels(network: Network) -> Network:
    """A copy without the hidden channels that can say but one thing, whatever the picture.

    What their constants added is put into the bias of the convolution that read them. Some stay, to make a count that
    run-times like. Backbones without such units are copied as they are.

    Args:
        network: with batch norms folded.
    """
    smaller = copy.deepcopy(network)
    for layers in hidden_layers(smaller):
        _shrink(layers)
    return smaller


def _shrink(layers: HiddenLayers) -> None:
    maker, depthwise, reader = (_convolution(sequence) for sequence in layers)
    lowest, highest = depthwise_range(depthwise)
    span = highest - lowest
    speaking = int((span > CONSTANT_RANGE).sum())
    kept_count = min(len(span), -(-speaking // _CHANNELS_AT_ONCE) * _CHANNELS_AT_ONCE)
    by_span = span.argsort(descending=True, stable=True)
    kept, dropped = by_span[:kept_count].sort().values, by_span[kept_count:]
    if not len(dropped):
        return
    with torch.no_grad():
        added = reader.weight[:, dropped, 0, 0].double() @ highest[dropped].double()
        reader.bias.copy_(reader.bias.double() + added)  # type: ignore[union-attr]  # folding gave it one
        reader.weight = nn.Parameter(reader.weight[:, kept])
        for convolution in (maker, depthwise):
            convolution.weight = nn.Parameter(convolution.weight[kept])
            convolution.bias = nn.Parameter(convolution.bias[kept])  # type: ignore[index]
    maker.out_channels = kept_count
    depthwise.in_channels = depthwise.out_channels = depthwise.groups = kept_count
    reader.in_channels = kept_count


def _convolution(sequence: nn.Sequential) -> nn.Conv2d:
    convolution = sequence[0]
    assert isinstance(convolution, nn.Conv2d)
    return convolution
