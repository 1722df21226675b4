"""From the graph of a published MoveNet to our network of the same architecture.

The walk goes along our own modules and looks up, at each, the one convolution of the file that reads the tensor where
we are and has our shape, stride, padding and activation. Names play no part: every converter makes its own.

What differs between the two networks:

- Google's batch norms are folded. Ours get mean 0, variance 1 and the scale that cancels their epsilon, so that in eval
  mode they add the bias and nothing else.
- Google's reg and offset are y0, x0, y1, ...; ours x0, y0, x1, ...
- Both heads have the same shape. Reg is the one that the other's reading in the decode depends on.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import torch
from torch import Tensor, nn

from movenet.errors import ModelError
from movenet.importing.graph import (
    IDENTITY,
    RELU,
    RELU6,
    UNCLIPPED,
    Add,
    Affine,
    Clip,
    Convolution,
    Graph,
    Node,
    Operation,
    Other,
    Pass,
    Resize,
    Sigmoid,
)
from movenet.models import MoveNet, NetworkSpec
from movenet.models.mobilenet import LATERAL_STAGES, InvertedResidual, MobileNetV2
from movenet.models.network import COARSEST_STRIDE
from movenet.models.registry import find_preset
from movenet.skeleton import COCO17

# The presets by the width of their first convolution.
_PUBLISHED = {32: "lightning", 56: "thunder"}
_NUM_HEADS = 4
# Our network's input, from 0..255.
_NORMALISATION = Affine(np.array([1 / 127.5]), np.array([-1.0]))
# Files with float16 constants hold 1 / 127.5 with three digits.
_NORMALISATION_TOLERANCE = 1e-3


def map_graph(graph: Graph) -> tuple[MoveNet, NetworkSpec]:
    """Make our network from a published one.

    Args:
        graph: as a reader gives it.

    Returns:
        The network in eval mode, and its description.

    Raises:
        ModelError: if it is not MoveNet SinglePose; the message says where it first differs.
    """
    graph = graph.simplified()
    _check_not_multi_pose(graph)
    normalisation, first = _first_convolution(graph)
    _check_normalisation(normalisation)
    stem = _convolution(first)
    spec = _spec(stem, graph.input_size)
    network = spec.build().eval()
    ours = network.backbone.get_submodule("stem")
    if not _is_same(stem, ours):
        raise ModelError(f"not MoveNet SinglePose: it begins with {_describe(stem)}, not {_expected(ours)}")
    with torch.no_grad():
        _Walk(graph).load(network, _folded(normalisation, stem), first.outputs[0])
    return network, spec


def _first_convolution(graph: Graph) -> tuple[Affine, Node]:
    """The picture's way to the first convolution: what is done to its values, and that convolution."""
    normalisation, tensor = IDENTITY, graph.input_name
    while True:
        readers = graph.consumers(tensor)
        if len(readers) != 1:
            raise ModelError(f"not MoveNet SinglePose: {len(readers)} operations read the picture, not one")
        node = readers[0]
        if isinstance(node.operation, Convolution):
            return normalisation, node
        if isinstance(node.operation, Affine) and node.operation.factor.size in (1, 3):
            normalisation = node.operation.after(normalisation)
        elif not isinstance(node.operation, Resize | Pass):
            raise ModelError(f"not MoveNet SinglePose: {_describe(node.operation)} before the first convolution")
        # (Some files resize the picture to the size that it already has.)
        tensor = node.outputs[0]


def _check_normalisation(found: Affine) -> None:
    scale_error = np.abs(found.factor / _NORMALISATION.factor - 1).max()
    shift_error = np.abs(found.summand - _NORMALISATION.summand).max()
    if max(scale_error, shift_error) > _NORMALISATION_TOLERANCE:
        raise ModelError(
            f"not MoveNet SinglePose: it scales pixels by {found.factor.mean():g} and adds {found.summand.mean():g}, "
            f"not 0..255 to -1..1"
        )


def _folded(normalisation: Affine, stem: Convolution) -> Convolution:
    """The first convolution for our normalisation instead of the file's, whose constant float16 may have rounded."""
    # The file's normalised input is ours * scale + shift.
    scale = normalisation.factor / _NORMALISATION.factor
    shift = normalisation.summand - _NORMALISATION.summand * scale
    weight = stem.weight * scale.reshape(1, -1, 1, 1)
    return replace(stem, weight=weight, bias=stem.bias + (stem.weight * shift.reshape(1, -1, 1, 1)).sum(axis=(1, 2, 3)))


def _spec(stem: Convolution, input_size: int | None) -> NetworkSpec:
    width = len(stem.weight)
    if width not in _PUBLISHED:
        known = " or ".join(f"{key} ({model})" for key, model in _PUBLISHED.items())
        raise ModelError(f"not MoveNet SinglePose: its first convolution has {width} channels, not {known}")
    model = _PUBLISHED[width]
    size = input_size or find_preset(model).input_size
    if size % COARSEST_STRIDE:
        raise ModelError(f"not MoveNet SinglePose: its input is {size} pixels, not a multiple of {COARSEST_STRIDE}")
    return NetworkSpec(model, size, "sigmoid", COCO17)


@dataclass(frozen=True)
class _Head:
    """One head of the file: its first convolution and its last."""

    depthwise: Node
    last: Node

    @property
    def channels(self) -> int:
        return len(_convolution(self.last).weight)


class _Walk:
    """Goes through a graph and fills a network's modules on the way; arguments say at which tensor it stands."""

    def __init__(self, graph: Graph) -> None:
        self._graph = graph

    def load(self, network: MoveNet, stem: Convolution, tensor: str) -> None:
        """Fill the whole network.

        Args:
            network: ours.
            stem: the first convolution, for our normalisation; known to fit.
            tensor: what the first convolution makes.
        """
        backbone, pyramid = network.backbone, network.pyramid
        assert isinstance(backbone, MobileNetV2)
        _fill(backbone.stem, stem)
        features, tensor = self._stages(backbone, tensor)
        tensor = self._step(pyramid.top, self._step(backbone.last, tensor))
        for lateral, smooth, feature in zip(pyramid.laterals, pyramid.smooth, reversed(features), strict=True):
            tensor = self._sum(self._upsampled(tensor), self._step(lateral, feature))
            tensor = self._separable(smooth, self._find(smooth.get_submodule("0"), tensor))
        self._heads(network, tensor)

    def _stages(self, backbone: MobileNetV2, tensor: str) -> tuple[list[str], str]:
        """The tensors that the laterals read, finest first, and the last stage's."""
        features = []
        for index, stage in enumerate(backbone.stages):
            for block in stage:  # type: ignore[attr-defined]  # ModuleList's items are plain modules to mypy
                tensor = self._block(block, tensor)
            if index in LATERAL_STAGES:
                features.append(tensor)
        return features, tensor

    def _block(self, block: InvertedResidual, start: str) -> str:
        tensor = start
        for module in block.layers:
            tensor = self._step(module, tensor)
        return self._sum(start, tensor) if block.has_shortcut else tensor

    def _step(self, module: nn.Module, tensor: str) -> str:
        """Fill a convolution with batch norm; returns what it makes."""
        node = self._find(module, tensor)
        _fill(module, _convolution(node))
        return node.outputs[0]

    def _separable(self, modules: nn.Module, depthwise: Node) -> str:
        """Fill a bare depthwise convolution and the pointwise one with batch norm behind it."""
        bare, normed = list(modules.children())[:2]
        pointwise = self._find(normed, depthwise.outputs[0])
        first, second = _convolution(depthwise), _convolution(pointwise)
        _copy(bare.weight, first.weight)
        # Ours has no bias here; without an activation between the two, it belongs to the second one's as well.
        _fill(normed, replace(second, bias=second.bias + second.weight[:, :, 0, 0] @ first.bias))
        return pointwise.outputs[0]

    def _upsampled(self, tensor: str) -> str:
        node = _only([node for node in self._graph.consumers(tensor) if isinstance(node.operation, Resize)])
        assert isinstance(node.operation, Resize)
        if not node.operation.half_pixel_centers:
            raise ModelError("not MoveNet SinglePose: its bilinear upsampling is not the one with half-pixel centers")
        return node.outputs[0]

    def _sum(self, first: str, second: str) -> str:
        readers = self._graph.consumers(second)
        return _only([n for n in readers if isinstance(n.operation, Add) and set(n.inputs) == {first, second}]).outputs[
            0
        ]

    def _find(self, module: nn.Module, tensor: str) -> Node:
        """The one convolution at a tensor that is our module's."""
        readers = self._graph.consumers(tensor)
        found = [node for node in readers if _is_convolution(node) and _is_same(_convolution(node), module)]
        if len(found) != 1:
            others = " and ".join(_describe(node.operation) for node in readers) or "nothing"
            raise ModelError(f"not MoveNet SinglePose: {_expected(module)} should follow '{tensor}', not {others}")
        return found[0]

    def _heads(self, network: MoveNet, tensor: str) -> None:
        ours, num_keypoints = network.heads, network.num_keypoints
        starts = [node for node in self._graph.consumers(tensor) if _is_convolution(node)]
        if len(starts) != _NUM_HEADS:
            raise ModelError(f"not MoveNet SinglePose: {len(starts)} heads instead of {_NUM_HEADS}")
        found = sorted((self._trace(ours.heatmap, node) for node in starts), key=lambda head: head.channels)
        channels = [head.channels for head in found]
        if channels != [1, num_keypoints, 2 * num_keypoints, 2 * num_keypoints]:
            raise ModelError(
                f"not MoveNet SinglePose with {num_keypoints} keypoints: its heads have {channels} channels"
            )
        center, heatmap, *fields = found
        reg, offset = self._in_order_of_use(*fields)
        for module, head in ((ours.heatmap, heatmap), (ours.center, center)):
            self._check_sigmoid(head)
            self._head(module, head, order=_as_it_is)
        for module, head in ((ours.reg, reg), (ours.offset, offset)):
            self._head(module, head, order=_x_first)

    def _trace(self, module: nn.Sequential, depthwise: Node) -> _Head:
        """Follow a head from its first convolution to its last."""
        pointwise = self._find(module[1], depthwise.outputs[0])
        last = _only([node for node in self._graph.consumers(pointwise.outputs[0]) if _is_convolution(node)])
        return _Head(depthwise, last)

    def _in_order_of_use(self, first: _Head, second: _Head) -> tuple[_Head, _Head]:
        """Reg, then offset: where offset is read depends on what reg said."""
        first_decides, second_decides = self._decides(first, second), self._decides(second, first)
        if first_decides == second_decides:
            raise ModelError("its decode is not MoveNet SinglePose's: nothing tells its reg and offset heads apart")
        return (first, second) if first_decides else (second, first)

    def _decides(self, head: _Head, other: _Head) -> bool:
        readers = self._graph.consumers(other.last.outputs[0])
        return any(self._graph.is_upstream(head.last.outputs[0], reader) for reader in readers)

    def _head(self, module: nn.Sequential, head: _Head, order: Callable[[np.ndarray], np.ndarray]) -> None:
        self._separable(module, head.depthwise)
        last, ours = _convolution(head.last), module[2]
        if not _is_same(last, ours):
            raise ModelError(f"not MoveNet SinglePose: a head ends with {_describe(last)}, not {_expected(ours)}")
        _copy(ours.weight, order(last.weight))
        _copy(ours.bias, order(last.bias))

    def _check_sigmoid(self, head: _Head) -> None:
        readers = self._graph.consumers(head.last.outputs[0])
        if not any(isinstance(node.operation, Sigmoid) for node in readers):
            raise ModelError("not MoveNet SinglePose: its heatmap and center do not end with a sigmoid")


def _check_not_multi_pose(graph: Graph) -> None:
    """MoveNet MultiPose has heads for the persons' boxes as well."""
    for tensor in {name for node in graph.nodes for name in node.inputs}:
        readers = graph.consumers(tensor)
        heads = [node for node in readers if _is_convolution(node) and _convolution(node).groups > 1]
        if len(heads) > _NUM_HEADS:
            raise ModelError(
                f"a multi-pose model ({len(heads)} heads instead of {_NUM_HEADS}): import a SinglePose one"
            )


def _x_first(values: np.ndarray) -> np.ndarray:
    """[2K, ...]: y0, x0, y1, ... -> x0, y0, x1, ..."""
    pairs = values.reshape(-1, 2, *values.shape[1:])
    return pairs[:, ::-1].reshape(values.shape)


def _as_it_is(values: np.ndarray) -> np.ndarray:
    return values


def _is_convolution(node: Node) -> bool:
    return isinstance(node.operation, Convolution)


def _convolution(node: Node) -> Convolution:
    assert isinstance(node.operation, Convolution)
    return node.operation


def _only(nodes: list[Node]) -> Node:
    if len(nodes) != 1:
        raise ModelError(
            f"not MoveNet SinglePose: {len(nodes)} operations where its shortcuts, pyramid or heads have just one"
        )
    return nodes[0]


def _is_same(found: Convolution, module: nn.Module) -> bool:
    """Whether a convolution is what a module of ours is: its shape, stride, padding and activation."""
    ours, clip = _parts(module)
    return (
        found.weight.shape == tuple(ours.weight.shape)
        and (found.groups, found.stride, found.same_padding) == (ours.groups, ours.stride[0], True)
        and (found.low, found.high) == (clip.low, clip.high)
    )


def _parts(module: nn.Module) -> tuple[nn.Conv2d, Clip]:
    """The convolution and the activation of a bare convolution, or of one made by `conv_norm`."""
    layers = [module] if isinstance(module, nn.Conv2d) else list(module.children())
    assert isinstance(layers[0], nn.Conv2d)
    clips: dict[type[nn.Module], Clip] = {nn.ReLU: RELU, nn.ReLU6: RELU6}
    return layers[0], clips.get(type(layers[-1]), UNCLIPPED)


def _expected(module: nn.Module) -> str:
    ours, clip = _parts(module)
    return _convolution_words(tuple(ours.weight.shape), ours.groups, ours.stride[0], clip)


def _describe(operation: Operation) -> str:
    if isinstance(operation, Convolution):
        clip = Clip(operation.low, operation.high)
        padding = "" if operation.same_padding else ", other padding"
        return _convolution_words(operation.weight.shape, operation.groups, operation.stride, clip) + padding
    return operation.kind if isinstance(operation, Other) else type(operation).__name__.lower()


def _convolution_words(shape: tuple[int, ...], groups: int, stride: int, clip: Clip) -> str:
    outputs, inputs, height, width = shape
    activation = {UNCLIPPED: "linear", RELU: "ReLU", RELU6: "ReLU6"}.get(clip, "clipped")
    return f"a {height}x{width} convolution {inputs * groups}->{outputs} (stride {stride}, {activation})"


def _fill(module: nn.Module, convolution: Convolution) -> None:
    """Load a convolution whose batch norm is folded into a convolution that has one."""
    ours, norm = list(module.children())[:2]
    assert isinstance(norm, nn.BatchNorm2d)
    _copy(ours.weight, convolution.weight)
    _copy(norm.bias, convolution.bias)
    # (x - 0) / sqrt(1 + eps) * sqrt(1 + eps) + bias
    norm.running_mean.zero_()  # type: ignore[union-attr]
    norm.running_var.fill_(1.0)  # type: ignore[union-attr]
    norm.weight.fill_(math.sqrt(1.0 + norm.eps))


def _copy(target: object, values: np.ndarray) -> None:
    assert isinstance(target, Tensor)
    target.copy_(torch.from_numpy(np.array(values, np.float32)))
