"""What every form of a published model is read into: convolutions and what connects them.

The readers know file formats and no network, the mapping knows the network and no file format; this is what they
share. Tensors are named by strings; a node's inputs are tensors that depend on the picture, constants are part of its
operation.
"""

from __future__ import annotations

import math
from collections import defaultdict
from dataclasses import dataclass, replace
from functools import cached_property
from graphlib import CycleError, TopologicalSorter
from typing import TypeAlias

import numpy as np

from movenet.errors import ModelError


@dataclass(frozen=True)
class Convolution:
    """A convolution with its bias and its activation.

    Attributes:
        weight: float32 [outputs, inputs / groups, y, x].
        bias: float32 [outputs].
        groups: 1, or the number of input channels (depthwise).
        stride: in both directions.
        pads: zeros before and after, in both directions; None where the two directions differ.
        low, high: the results are clipped to this range: ReLU is 0..infinity, ReLU6 0..6.
    """

    weight: np.ndarray
    bias: np.ndarray
    groups: int
    stride: int
    pads: tuple[int, int] | None
    low: float = -math.inf
    high: float = math.inf

    def __post_init__(self) -> None:
        if self.weight.ndim != 4 or self.bias.shape != self.weight.shape[:1]:
            raise ValueError(f"a convolution with weights {self.weight.shape} and a bias {self.bias.shape}")

    @property
    def is_clipped(self) -> bool:
        return self.low > -math.inf or self.high < math.inf

    def clipped(self, clip: Clip) -> Convolution:
        """This, then `clip`."""
        return replace(self, low=max(self.low, clip.low), high=min(self.high, clip.high))

    def scaled(self, affine: Affine) -> Convolution:
        """This, then `affine`."""
        weight = self.weight * affine.factor.reshape(-1, 1, 1, 1)
        return replace(self, weight=weight, bias=self.bias * affine.factor + affine.summand)


@dataclass(frozen=True)
class Affine:
    """`x * factor + summand`; float32 [1] or [channels] each."""

    factor: np.ndarray
    summand: np.ndarray

    def after(self, first: Affine) -> Affine:
        """`first`, then this."""
        return Affine(first.factor * self.factor, first.summand * self.factor + self.summand)


@dataclass(frozen=True)
class Pad:
    """Zeros before and after, in both directions."""

    before: int
    after: int


@dataclass(frozen=True)
class Clip:
    """The activations: ReLU is 0..infinity, ReLU6 0..6."""

    low: float
    high: float


@dataclass(frozen=True)
class Resize:
    """Bilinear; `half_pixel_centers` says whether pixel i's center is at i + 0.5."""

    half_pixel_centers: bool


@dataclass(frozen=True)
class Add:
    """The sum of two tensors."""


@dataclass(frozen=True)
class Sigmoid:
    """1 / (1 + exp(-x))."""


@dataclass(frozen=True)
class Pass:
    """Hands its input on in another layout or type."""


@dataclass(frozen=True)
class Other:
    """Anything else, as in the decode that Google's files end with; `kind` is the file's word for it."""

    kind: str


Operation: TypeAlias = "Convolution | Affine | Pad | Clip | Resize | Add | Sigmoid | Pass | Other"

UNCLIPPED = Clip(-math.inf, math.inf)
RELU = Clip(0.0, math.inf)
RELU6 = Clip(0.0, 6.0)
IDENTITY = Affine(np.ones(1, np.float32), np.zeros(1, np.float32))


@dataclass(frozen=True)
class Node:
    """One operation.

    Attributes:
        operation: what it does.
        inputs: the tensors that it reads, without constants.
        outputs: the tensors that it makes.
    """

    operation: Operation
    inputs: tuple[str, ...]
    outputs: tuple[str, ...]


@dataclass(frozen=True)
class Graph:
    """A model's operations.

    Attributes:
        input_name: the tensor that holds the picture.
        input_size: side of the picture in pixels; None where the file leaves it open.
        nodes: in any order.
    """

    input_name: str
    input_size: int | None
    nodes: tuple[Node, ...]

    @cached_property
    def _consumers(self) -> dict[str, list[Node]]:
        consumers: dict[str, list[Node]] = defaultdict(list)
        for node in self.nodes:
            for name in dict.fromkeys(node.inputs):
                consumers[name].append(node)
        return consumers

    def consumers(self, tensor: str) -> list[Node]:
        """The nodes that read a tensor."""
        return self._consumers.get(tensor, [])

    def is_upstream(self, tensor: str, node: Node) -> bool:
        """Whether a node's result depends on a tensor."""
        seen: set[str] = set()
        waiting = [tensor]
        while waiting:
            name = waiting.pop()
            if name in node.inputs:
                return True
            if name not in seen:
                seen.add(name)
                waiting += [output for reader in self.consumers(name) for output in reader.outputs]
        return False

    def simplified(self) -> Graph:
        """The same graph without `Pass`, and with padding, biases and activations inside their convolutions.

        Raises:
            ModelError: if an operation depends on its own result.
        """
        _check_order(self)
        return _fuse(_without_pads(_without_passes(self)))


def affine(kind: str, constant: np.ndarray, constant_first: bool = False) -> Operation:
    """An arithmetic operation of a tensor and a constant.

    Args:
        kind: `add`, `sub`, `mul` or `div`.
        constant: of any shape; one value, or one a channel.
        constant_first: whether the constant stands left of the sign.
    """
    values = np.asarray(constant, np.float32).ravel()
    zero, one = np.zeros_like(values), np.ones_like(values)
    if kind == "add":
        return Affine(one, values)
    if kind == "mul":
        return Affine(values, zero)
    if kind == "sub":
        return Affine(-one, values) if constant_first else Affine(one, -values)
    if constant_first or not values.all():
        return Other(kind)
    return Affine(one / values, zero)


def same_pads(kernel: tuple[int, ...], stride: int) -> tuple[int, int] | None:
    """What TensorFlow's "SAME" pads before and after a size that is a multiple of the stride; None as in `Convolution`.

    Args:
        kernel: height and width.
        stride: in both directions.
    """
    height, width = kernel
    total = max(height - stride, 0)
    return (total // 2, total - total // 2) if height == width else None


def _check_order(graph: Graph) -> None:
    """Only a broken file goes round in circles; whoever walks along a graph would never come back."""
    dependencies = {output: node.inputs for node in graph.nodes for output in node.outputs}
    try:
        TopologicalSorter(dependencies).prepare()
    except CycleError as error:
        raise ModelError(f"a broken model: '{error.args[1][0]}' depends on itself") from error


def _without_passes(graph: Graph) -> Graph:
    sources = {output: node.inputs[0] for node in graph.nodes if _is_pass(node) for output in node.outputs}

    def source(name: str) -> str:
        while name in sources:
            name = sources[name]
        return name

    kept = [node for node in graph.nodes if not _is_pass(node)]
    return replace(graph, nodes=tuple(replace(node, inputs=tuple(map(source, node.inputs))) for node in kept))


def _is_pass(node: Node) -> bool:
    return isinstance(node.operation, Pass) and len(node.inputs) == 1


def _without_pads(graph: Graph) -> Graph:
    """Padding that only convolutions read becomes theirs."""
    pads = {node.outputs[0]: node for node in graph.nodes if isinstance(node.operation, Pad)}
    gone = {name for name in pads if all(_can_pad(reader.operation) for reader in graph.consumers(name))}

    def padded(node: Node) -> Node:
        if not gone.intersection(node.inputs):
            return node
        pad = pads[node.inputs[0]]
        assert isinstance(pad.operation, Pad)
        assert isinstance(node.operation, Convolution)
        assert node.operation.pads is not None
        before, after = node.operation.pads
        pads_of_both = (before + pad.operation.before, after + pad.operation.after)
        return Node(replace(node.operation, pads=pads_of_both), pad.inputs, node.outputs)

    return replace(graph, nodes=tuple(padded(node) for node in graph.nodes if node.outputs[0] not in gone))


def _can_pad(operation: Operation) -> bool:
    return isinstance(operation, Convolution) and operation.pads is not None


def _fuse(graph: Graph) -> Graph:
    absorbed: set[str] = set()
    fused: list[Node] = []
    for node in graph.nodes:
        if isinstance(node.operation, Convolution):
            node, names = _with_followers(graph, node)
            absorbed |= names
        fused.append(node)
    # A node that was absorbed makes the same tensor as the convolution that it went into.
    return replace(
        graph,
        nodes=tuple(
            node for node in fused if isinstance(node.operation, Convolution) or node.outputs[0] not in absorbed
        ),
    )


def _with_followers(graph: Graph, node: Node) -> tuple[Node, set[str]]:
    """A convolution together with the bias and activation that follow it, and the outputs of those."""
    absorbed: set[str] = set()
    while True:
        followers = graph.consumers(node.outputs[0])
        operation = _absorb(node.operation, followers[0].operation) if len(followers) == 1 else None
        if operation is None:
            return node, absorbed
        node = Node(operation, node.inputs, followers[0].outputs)
        absorbed.update(node.outputs)


def _absorb(convolution: Operation, follower: Operation) -> Operation | None:
    assert isinstance(convolution, Convolution)
    if isinstance(follower, Clip):
        return convolution.clipped(follower)
    if isinstance(follower, Affine) and not convolution.is_clipped:
        return convolution.scaled(follower) if follower.factor.size in (1, len(convolution.bias)) else None
    return None
