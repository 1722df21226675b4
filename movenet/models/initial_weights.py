"""What a network takes over from a trained one, before it is trained on."""

from __future__ import annotations

import torch
from torch import Tensor

from movenet.models.checkpoint import NetworkSpec
from movenet.models.network import MoveNet

_HEADS = "heads."


def take_over(network: MoveNet, spec: NetworkSpec, source: MoveNet, source_spec: NetworkSpec) -> set[str]:
    """Copy what fits.

    Heads of the same skeleton may have wider towers than the source's: their first channels become the source's, and
    what they had not got is drawn anew, but nobody reads it yet. So the network computes what the source does, and has
    that much more to learn with (Chen et al. 2016, "Net2Net", grows networks by copies instead).

    Args:
        network: freshly initialised; changed in place.
        spec: its description.
        source, source_spec: the trained one.

    Returns:
        Names of the tensors of which nothing fits: they stay as they are.
    """
    same_skeleton = spec.skeleton == source_spec.skeleton
    own, theirs = network.state_dict(), source.state_dict()
    fresh = set()
    for name, value in own.items():
        other = theirs.get(name)
        if other is not None and other.shape == value.shape:
            value.copy_(other)
        elif other is not None and same_skeleton and name.startswith(_HEADS) and _is_part(other, value):
            _fill_first(value, other)
        else:
            fresh.add(name)
    return fresh


def _is_part(smaller: Tensor, larger: Tensor) -> bool:
    return smaller.ndim == larger.ndim and all(a <= b for a, b in zip(smaller.shape, larger.shape, strict=True))


def _fill_first(value: Tensor, other: Tensor) -> None:
    """The first channels of a kernel [outputs, inputs, ...] or a vector [outputs]."""
    with torch.no_grad():
        if value.ndim > 1:
            value[: len(other)] = 0
            value[: len(other), : other.shape[1]] = other
        else:
            value[: len(other)] = other
