"""Along a file's graph and our own modules at once, filling the modules with what stands there.

At each module the walk looks up the one convolution of the file that reads the tensor where we are and has our shape,
stride, padding and activation. Names play no part: every converter makes its own. Where that convolution is missing,
the error says what was expected and what is there.

The files' batch norms are folded. Ours get mean 0, variance 1 and the scale that cancels their epsilon, so that in eval
mode they add the bias and nothing else.
"""

from __future__ import annotations

import math
from dataclasses import replace
from itertools import pairwise

import numpy as np
from torch import Tensor, from_numpy, nn

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
    same_pads,
)
from movenet.models.blazepose import BlazePose
from movenet.models.layers import SamePadConv2d
from movenet.models.mobilenet import InvertedResidual, MobileNetV2

# Our network's input, from 0..255.
_NORMALISATION = Affine(np.array([1 / 127.5]), np.array([-1.0]))
# Files with float16 constants hold 1 / 127.5 with three digits.
_NORMALISATION_TOLERANCE = 1e-3


class Walk:
    """Goes through a graph; arguments say at which tensor it stands, results where it is then.

    Args:
        graph: simplified.
        kind: what the file should hold, for the errors: "MoveNet SinglePose".
    """

    def __init__(self, graph: Graph, kind: str) -> None:
        self.graph = graph
        self._kind = kind

    def error(self, reason: str) -> ModelError:
        """The error for a file that holds something else."""
        return ModelError(f"not {self._kind}: {reason}")

    def first_convolution(self) -> tuple[Affine, Node]:
        """The picture's way to the first convolution: what is done to its values, and that convolution."""
        normalisation, tensor = IDENTITY, self.graph.input_name
        while True:
            readers = self.graph.consumers(tensor)
            if len(readers) != 1:
                raise self.error(f"{len(readers)} operations read the picture, not one")
            node = readers[0]
            if isinstance(node.operation, Convolution):
                return normalisation, node
            if isinstance(node.operation, Affine) and node.operation.factor.size in (1, 3):
                normalisation = node.operation.after(normalisation)
            elif not isinstance(node.operation, Resize | Pass):
                raise self.error(f"{_describe(node.operation)} before the first convolution")
            # (Some files resize the picture to the size that it already has.)
            tensor = node.outputs[0]

    def check_normalisation(self, found: Affine) -> None:
        """Whether it is ours, up to the rounding of float16."""
        scale_error = np.abs(found.factor / _NORMALISATION.factor - 1).max()
        shift_error = np.abs(found.summand - _NORMALISATION.summand).max()
        if max(scale_error, shift_error) > _NORMALISATION_TOLERANCE:
            raise self.error(
                f"it scales pixels by {found.factor.mean():g} and adds {found.summand.mean():g}, not 0..255 to -1..1"
            )

    def stem(self, backbone: MobileNetV2 | BlazePose, convolution: Convolution) -> None:
        """Fill the first convolution of ours."""
        if not is_same(convolution, backbone.stem):
            raise self.error(f"it begins with {_describe(convolution)}, not {_expected(backbone.stem)}")
        fill(backbone.stem, convolution)

    def stages(self, backbone: MobileNetV2 | BlazePose, tensor: str) -> list[str]:
        """Fill all stages; returns what each makes."""
        made = []
        for stage in backbone.stages:
            for block in stage:  # type: ignore[attr-defined]  # ModuleList's items are plain modules to mypy
                tensor = self._block(block, tensor)
            made.append(tensor)
        return made

    def _block(self, block: InvertedResidual, start: str) -> str:
        tensor = start
        for module in block.layers:
            tensor = self.step(module, tensor)
        return self.sum(start, tensor) if block.has_shortcut else tensor

    def steps(self, modules: nn.Sequential, tensor: str) -> str:
        """Fill convolutions with batch norm, one after the other."""
        for module, following in pairwise([*modules.children(), None]):
            assert module is not None
            node = self.find(module, tensor, following)
            fill(module, as_convolution(node))
            tensor = node.outputs[0]
        return tensor

    def step(self, module: nn.Module, tensor: str) -> str:
        """Fill a convolution with batch norm."""
        node = self.find(module, tensor)
        fill(module, as_convolution(node))
        return node.outputs[0]

    def separable(self, modules: nn.Module, depthwise: Node) -> str:
        """Fill a bare depthwise convolution and the pointwise one with batch norm behind it."""
        bare, normed = list(modules.children())[:2]
        pointwise = self.find(normed, depthwise.outputs[0])
        first, second = as_convolution(depthwise), as_convolution(pointwise)
        copy_values(bare.weight, first.weight)
        # Ours has no bias here; without an activation between the two, it belongs to the second one's as well.
        fill(normed, replace(second, bias=second.bias + second.weight[:, :, 0, 0] @ first.bias))
        return pointwise.outputs[0]

    def upsampled(self, tensor: str) -> str:
        """After the bilinear x2."""
        node = self.only([node for node in self.graph.consumers(tensor) if isinstance(node.operation, Resize)])
        assert isinstance(node.operation, Resize)
        if not node.operation.half_pixel_centers:
            raise self.error("its bilinear upsampling is not the one with half-pixel centers")
        return node.outputs[0]

    def sum(self, first: str, second: str) -> str:
        """After the addition of two tensors."""
        readers = self.graph.consumers(second)
        sums = [node for node in readers if isinstance(node.operation, Add) and set(node.inputs) == {first, second}]
        return self.only(sums).outputs[0]

    def find(self, module: nn.Module, tensor: str, following: nn.Module | None = None) -> Node:
        """The one convolution at a tensor that is our module's; where several look alike, what follows it decides."""
        found = self._alike(module, tensor)
        if len(found) > 1 and following is not None:
            found = [node for node in found if self._alike(following, node.outputs[0])]
        if len(found) != 1:
            readers = self.graph.consumers(tensor)
            others = " and ".join(_describe(node.operation) for node in readers) or "nothing"
            raise self.error(f"{_expected(module)} should follow '{tensor}', not {others}")
        return found[0]

    def _alike(self, module: nn.Module, tensor: str) -> list[Node]:
        readers = self.graph.consumers(tensor)
        return [node for node in readers if is_convolution(node) and is_same(as_convolution(node), module)]

    def only(self, nodes: list[Node]) -> Node:
        """The one node of a list."""
        if len(nodes) != 1:
            raise self.error(f"{len(nodes)} operations where its shortcuts, pyramid or heads have just one")
        return nodes[0]

    def check_same(self, convolution: Convolution, module: nn.Module) -> None:
        """Whether a head's last convolution is our module's."""
        if not is_same(convolution, module):
            raise self.error(f"a head ends with {_describe(convolution)}, not {_expected(module)}")


def for_our_normalisation(normalisation: Affine, stem: Convolution) -> Convolution:
    """The first convolution for our normalisation instead of the file's, whose constant float16 may have rounded."""
    # The file's normalised input is ours * scale + shift.
    scale = normalisation.factor / _NORMALISATION.factor
    shift = normalisation.summand - _NORMALISATION.summand * scale
    weight = stem.weight * scale.reshape(1, -1, 1, 1)
    return replace(stem, weight=weight, bias=stem.bias + (stem.weight * shift.reshape(1, -1, 1, 1)).sum(axis=(1, 2, 3)))


def is_convolution(node: Node) -> bool:
    """Whether `as_convolution` works."""
    return isinstance(node.operation, Convolution)


def as_convolution(node: Node) -> Convolution:
    """A node's operation, known to be a convolution."""
    assert isinstance(node.operation, Convolution)
    return node.operation


def copy_values(target: object, values: np.ndarray) -> None:
    """Into a parameter."""
    assert isinstance(target, Tensor)
    target.copy_(from_numpy(np.array(values, np.float32)))


def is_same(found: Convolution, module: nn.Module) -> bool:
    """Whether a convolution is what a module of ours is: its shape, stride, padding and activation."""
    ours, clip = _parts(module)
    return (
        found.weight.shape == tuple(ours.weight.shape)
        and (found.groups, found.stride, found.pads) == (ours.groups, ours.stride[0], _pads(ours))
        and (found.low, found.high) == (clip.low, clip.high)
    )


def _parts(module: nn.Module) -> tuple[nn.Conv2d, Clip]:
    """The convolution and the activation of a bare convolution, or of one made by `conv_norm`."""
    layers = [module] if isinstance(module, nn.Conv2d) else list(module.children())
    assert isinstance(layers[0], nn.Conv2d)
    clips: dict[type[nn.Module], Clip] = {nn.ReLU: RELU, nn.ReLU6: RELU6}
    return layers[0], clips.get(type(layers[-1]), UNCLIPPED)


def _pads(ours: nn.Conv2d) -> tuple[int, int] | None:
    if isinstance(ours, SamePadConv2d):
        return same_pads(ours.kernel_size, ours.stride[0])
    before = int(ours.padding[0])
    return before, before


def _expected(module: nn.Module) -> str:
    ours, clip = _parts(module)
    return _convolution_words(tuple(ours.weight.shape), ours.groups, ours.stride[0], _pads(ours), clip)


def _describe(operation: Operation) -> str:
    if isinstance(operation, Convolution):
        clip = Clip(operation.low, operation.high)
        return _convolution_words(operation.weight.shape, operation.groups, operation.stride, operation.pads, clip)
    return operation.kind if isinstance(operation, Other) else type(operation).__name__.lower()


def _convolution_words(
    shape: tuple[int, ...], groups: int, stride: int, pads: tuple[int, int] | None, clip: Clip
) -> str:
    outputs, inputs, height, width = shape
    activation = {UNCLIPPED: "linear", RELU: "ReLU", RELU6: "ReLU6"}.get(clip, "clipped")
    padding = "uneven padding" if pads is None else f"padding {pads[0]} + {pads[1]}"
    return f"a {height}x{width} convolution {inputs * groups}->{outputs} (stride {stride}, {padding}, {activation})"


def fill(module: nn.Module, convolution: Convolution) -> None:
    """Load a convolution whose batch norm is folded into a convolution that has one."""
    ours, norm = list(module.children())[:2]
    assert isinstance(norm, nn.BatchNorm2d)
    copy_values(ours.weight, convolution.weight)
    copy_values(norm.bias, convolution.bias)
    # (x - 0) / sqrt(1 + eps) * sqrt(1 + eps) + bias
    norm.running_mean.zero_()  # type: ignore[union-attr]
    norm.running_var.fill_(1.0)  # type: ignore[union-attr]
    norm.weight.fill_(math.sqrt(1.0 + norm.eps))
