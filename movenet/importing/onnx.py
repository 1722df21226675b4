"""ONNX files made by tf2onnx, from TensorFlow or from a .tflite file (the `onnx` package)."""

from __future__ import annotations

import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import onnx
from onnx import numpy_helper

from movenet.errors import ModelError
from movenet.importing.graph import (
    RELU,
    Add,
    Clip,
    Convolution,
    Graph,
    Node,
    Operation,
    Other,
    Pass,
    Resize,
    Sigmoid,
    affine,
    same_pads,
)
from movenet.importing.refusals import int8_error

_ARITHMETIC = {"Add": "add", "Sub": "sub", "Mul": "mul", "Div": "div"}
_PASSES = {"Cast", "Identity", "Reshape", "Squeeze", "Unsqueeze", "Transpose"}
_QUANTISED = {"QLinearConv", "ConvInteger", "QuantizeLinear", "DequantizeLinear", "DynamicQuantizeLinear"}
# This is the form that is tried last.
_NO_MODEL = "not a model, or truncated: neither TensorFlow.js nor TensorFlow Lite nor ONNX"

_Constants = dict[str, np.ndarray]


def read_onnx(path: Path) -> Graph:
    """Read an ONNX file.

    Raises:
        ModelError: if it is not an ONNX model, broken, or quantised.
    """
    try:
        model = onnx.load(str(path))
    except Exception as error:  # protobuf's error types are its own
        raise ModelError(_NO_MODEL) from error
    if not model.graph.node:
        raise ModelError(_NO_MODEL)
    if any(node.op_type in _QUANTISED for node in model.graph.node):
        raise int8_error()
    try:
        return _read_graph(model.graph)
    except (KeyError, TypeError, ValueError, IndexError) as error:
        raise ModelError(f"a broken ONNX model ({error!r})") from error


def _read_graph(graph: onnx.GraphProto) -> Graph:
    constants: _Constants = {tensor.name: numpy_helper.to_array(tensor) for tensor in graph.initializer}
    pictures = [value for value in graph.input if value.name not in constants]
    if len(pictures) != 1:
        raise ModelError(f"a model with {len(pictures)} inputs, not with one picture")
    nodes = []
    for node in graph.node:  # in order of calculation
        attributes = {attribute.name: onnx.helper.get_attribute_value(attribute) for attribute in node.attribute}
        folded = _folded(node, attributes, constants)
        if folded is not None:
            constants[node.output[0]] = folded
            continue
        inputs = tuple(name for name in node.input if name and name not in constants)
        nodes.append(Node(_read_operation(node, attributes, constants), inputs, tuple(node.output)))
    return Graph(pictures[0].name, _input_size(pictures[0]), tuple(nodes))


def _input_size(picture: onnx.ValueInfoProto) -> int | None:
    """The height of [N, y, x, 3] or [N, 3, y, x]; 0 stands for a name."""
    sizes = [size.dim_value for size in picture.type.tensor_type.shape.dim]
    if len(sizes) != 4:
        return None
    return (sizes[1] if sizes[3] == 3 else sizes[2]) or None


def _folded(node: onnx.NodeProto, attributes: Mapping[str, Any], constants: _Constants) -> np.ndarray | None:
    """The value of an operation on constants: files hold weights transposed or in another type."""
    if node.op_type == "Constant" and "value" in attributes:
        return numpy_helper.to_array(attributes["value"])
    if node.op_type not in _PASSES or not all(name in constants for name in node.input):
        return None
    value = constants[node.input[0]]
    if node.op_type == "Identity":
        return value
    if node.op_type == "Cast":
        return value.astype(onnx.helper.tensor_dtype_to_np_dtype(attributes["to"]))
    if node.op_type == "Transpose":
        return value.transpose(attributes.get("perm"))
    return value.reshape(constants[node.input[1]]) if node.op_type == "Reshape" else None


def _read_operation(node: onnx.NodeProto, attributes: Mapping[str, Any], constants: _Constants) -> Operation:
    kind = node.op_type
    fixed = [constants.get(name) for name in node.input]
    if kind == "Conv":
        return _read_convolution(attributes, fixed)
    if kind in _ARITHMETIC and sum(value is not None for value in fixed) == 1:
        constant = fixed[0] if fixed[0] is not None else fixed[1]
        assert constant is not None
        return affine(_ARITHMETIC[kind], constant, constant_first=fixed[0] is not None)
    if kind == "Add":
        return Add()
    if kind == "Resize":
        move = attributes.get("coordinate_transformation_mode", b"half_pixel")
        return Resize(move == b"half_pixel") if attributes.get("mode") == b"linear" else Other(kind)
    clip = _read_clip(kind, attributes, fixed)
    if clip is not None:
        return clip
    # tf2onnx takes the one picture out of the batch and puts it back.
    if kind in _PASSES or (kind == "Split" and len(node.output) == 1) or (kind == "Concat" and len(node.input) == 1):
        return Pass()
    return Sigmoid() if kind == "Sigmoid" else Other(kind)


def _read_convolution(attributes: Mapping[str, Any], constants: list[np.ndarray | None]) -> Operation:
    weight = constants[1]
    bias = constants[2] if len(constants) > 2 else None
    strides = list(attributes.get("strides", [1, 1]))
    dilations = list(attributes.get("dilations", [1, 1]))
    if weight is None or weight.ndim != 4 or strides[0] != strides[1] or dilations != [1, 1]:
        return Other("Conv")
    return Convolution(
        weight=weight.astype(np.float32),
        bias=np.zeros(len(weight), np.float32) if bias is None else bias.astype(np.float32),
        groups=int(attributes.get("group", 1)),
        stride=int(strides[0]),
        pads=_pads(attributes, weight.shape[2:], strides[0]),
    )


def _pads(attributes: Mapping[str, Any], kernel: tuple[int, ...], stride: int) -> tuple[int, int] | None:
    if attributes.get("auto_pad", b"NOTSET") == b"SAME_UPPER":
        return same_pads(kernel, stride)
    top, left, bottom, right = attributes.get("pads", [0, 0, 0, 0])
    return (top, bottom) if (top, bottom) == (left, right) else None


def _read_clip(kind: str, attributes: Mapping[str, Any], constants: list[np.ndarray | None]) -> Clip | None:
    """Relu, Clip with attributes (before opset 11) or inputs, and Min or Max with one constant."""
    if kind == "Relu":
        return RELU
    limits = [None if value is None or value.size != 1 else float(value.ravel()[0]) for value in constants]
    if kind == "Clip":
        low, high = [*limits[1:], None, None][:2]
        low = attributes.get("min", -math.inf) if low is None else low
        return Clip(low, attributes.get("max", math.inf) if high is None else high)
    numbers = [limit for limit in limits if limit is not None]
    if len(limits) != 2 or len(numbers) != 1 or kind not in ("Min", "Max"):
        return None
    return Clip(-math.inf, numbers[0]) if kind == "Min" else Clip(numbers[0], math.inf)
