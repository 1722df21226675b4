"""From the graph of a published MoveNet to our network of the same architecture.

What differs between the two networks, besides the folded batch norms:

- Google's reg and offset are y0, x0, y1, ...; ours x0, y0, x1, ...
- Both heads have the same shape. Reg is the one that the other's reading in the decode depends on.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import nn

from movenet.errors import ModelError
from movenet.importing.graph import Convolution, Graph, Node, Sigmoid
from movenet.importing.walk import Walk, as_convolution, copy_values, for_our_normalisation, is_convolution
from movenet.models import MoveNet, NetworkSpec
from movenet.models.mobilenet import LATERAL_STAGES, MobileNetV2
from movenet.models.pyramid import COARSEST_STRIDE, FeaturePyramid
from movenet.models.registry import find_preset
from movenet.skeleton import COCO17

# The presets by the width of their first convolution.
_PUBLISHED = {32: "lightning", 56: "thunder"}
_NUM_HEADS = 4


def map_movenet(graph: Graph) -> tuple[MoveNet, NetworkSpec]:
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
    walk = Walk(graph, "MoveNet SinglePose")
    normalisation, first = walk.first_convolution()
    walk.check_normalisation(normalisation)
    stem = as_convolution(first)
    spec = _spec(walk, stem)
    network = spec.build().eval()
    with torch.no_grad():
        _load(walk, network, for_our_normalisation(normalisation, stem), first.outputs[0])
    return network, spec


def _spec(walk: Walk, stem: Convolution) -> NetworkSpec:
    width = len(stem.weight)
    if width not in _PUBLISHED:
        known = " or ".join(f"{key} ({model})" for key, model in _PUBLISHED.items())
        raise walk.error(f"its first convolution has {width} channels, not {known}")
    model = _PUBLISHED[width]
    size = walk.graph.input_size or find_preset(model).input_size
    if size % COARSEST_STRIDE:
        raise walk.error(f"its input is {size} pixels, not a multiple of {COARSEST_STRIDE}")
    return NetworkSpec(model, size, "sigmoid", COCO17)


def _load(walk: Walk, network: MoveNet, stem: Convolution, tensor: str) -> None:
    """Fill the whole network.

    Args:
        walk: through the file's graph.
        network: ours.
        stem: the first convolution, for our normalisation.
        tensor: what the first convolution makes.
    """
    backbone, pyramid = network.backbone, network.pyramid
    assert isinstance(backbone, MobileNetV2)
    assert isinstance(pyramid, FeaturePyramid)
    walk.stem(backbone, stem)
    made = walk.stages(backbone, tensor)
    tensor = walk.step(pyramid.top, walk.step(backbone.last, made[-1]))
    features = [made[stage] for stage in reversed(LATERAL_STAGES)]
    for lateral, smooth, feature in zip(pyramid.laterals, pyramid.smooth, features, strict=True):
        tensor = walk.sum(walk.upsampled(tensor), walk.step(lateral, feature))
        tensor = walk.separable(smooth, walk.find(smooth.get_submodule("0"), tensor))
    _load_heads(walk, network, tensor)


@dataclass(frozen=True)
class _Head:
    """One head of the file: its first convolution and its last."""

    depthwise: Node
    last: Node

    @property
    def channels(self) -> int:
        return len(as_convolution(self.last).weight)


def _load_heads(walk: Walk, network: MoveNet, tensor: str) -> None:
    ours, num_keypoints = network.heads, network.num_keypoints
    starts = [node for node in walk.graph.consumers(tensor) if is_convolution(node)]
    if len(starts) != _NUM_HEADS:
        raise walk.error(f"{len(starts)} heads instead of {_NUM_HEADS}")
    found = sorted((_trace(walk, ours.heatmap, node) for node in starts), key=lambda head: head.channels)
    channels = [head.channels for head in found]
    if channels != [1, num_keypoints, 2 * num_keypoints, 2 * num_keypoints]:
        raise ModelError(f"not MoveNet SinglePose with {num_keypoints} keypoints: its heads have {channels} channels")
    center, heatmap, *fields = found
    assert isinstance(ours.center, nn.Sequential)  # Google's has a tower of its own
    reg, offset = _in_order_of_use(walk.graph, *fields)
    for module, head in ((ours.heatmap, heatmap), (ours.center, center)):
        _check_sigmoid(walk, head)
        _load_head(walk, module, head, order=_as_it_is)
    for module, head in ((ours.reg, reg), (ours.offset, offset)):
        _load_head(walk, module, head, order=_x_first)


def _trace(walk: Walk, module: nn.Sequential, depthwise: Node) -> _Head:
    """Follow a head from its first convolution to its last."""
    pointwise = walk.find(module[1], depthwise.outputs[0])
    last = walk.only([node for node in walk.graph.consumers(pointwise.outputs[0]) if is_convolution(node)])
    return _Head(depthwise, last)


def _in_order_of_use(graph: Graph, first: _Head, second: _Head) -> tuple[_Head, _Head]:
    """Reg, then offset: where offset is read depends on what reg said."""
    first_decides, second_decides = _decides(graph, first, second), _decides(graph, second, first)
    if first_decides == second_decides:
        raise ModelError("its decode is not MoveNet SinglePose's: nothing tells its reg and offset heads apart")
    return (first, second) if first_decides else (second, first)


def _decides(graph: Graph, head: _Head, other: _Head) -> bool:
    readers = graph.consumers(other.last.outputs[0])
    return any(graph.is_upstream(head.last.outputs[0], reader) for reader in readers)


def _load_head(walk: Walk, module: nn.Sequential, head: _Head, order: Callable[[np.ndarray], np.ndarray]) -> None:
    walk.separable(module, head.depthwise)
    last, ours = as_convolution(head.last), module[2]
    walk.check_same(last, ours)
    copy_values(ours.weight, order(last.weight))
    copy_values(ours.bias, order(last.bias))


def _check_sigmoid(walk: Walk, head: _Head) -> None:
    readers = walk.graph.consumers(head.last.outputs[0])
    if not any(isinstance(node.operation, Sigmoid) for node in readers):
        raise walk.error("its heatmap and center do not end with a sigmoid")


def _check_not_multi_pose(graph: Graph) -> None:
    """MoveNet MultiPose has heads for the persons' boxes as well."""
    for tensor in {name for node in graph.nodes for name in node.inputs}:
        readers = graph.consumers(tensor)
        heads = [node for node in readers if is_convolution(node) and as_convolution(node).groups > 1]
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
