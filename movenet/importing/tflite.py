"""TensorFlow Lite files with float16 or float32 weights (the `tflite` package: the format's FlatBuffers schema)."""

from __future__ import annotations

import struct
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import tflite

from movenet.errors import ModelError
from movenet.importing.graph import (
    RELU,
    RELU6,
    UNCLIPPED,
    Add,
    Clip,
    Convolution,
    Graph,
    Node,
    Operation,
    Other,
    Pad,
    Pass,
    Resize,
    Sigmoid,
    affine,
    same_pads,
)
from movenet.importing.refusals import int8_error

_Operator = tflite.BuiltinOperator
_Type = tflite.TensorType

_TYPES = {_Type.FLOAT32: "<f4", _Type.FLOAT16: "<f2", _Type.INT32: "<i4", _Type.INT64: "<i8", _Type.UINT8: "u1"}
_INT8_TYPES = {_Type.INT8, _Type.UINT8, _Type.INT4}
_ARITHMETIC = {
    _Operator.ADD: ("add", tflite.AddOptions),
    _Operator.SUB: ("sub", tflite.SubOptions),
    _Operator.MUL: ("mul", tflite.MulOptions),
    _Operator.DIV: ("div", tflite.DivOptions),
}
_PASSES = {
    _Operator.CAST,
    _Operator.RESHAPE,
    _Operator.SQUEEZE,
    _Operator.EXPAND_DIMS,
    _Operator.UNPACK,
    _Operator.PACK,
    _Operator.TRANSPOSE,
    _Operator.DEQUANTIZE,
}
_CLIPS = {
    tflite.ActivationFunctionType.NONE: UNCLIPPED,
    tflite.ActivationFunctionType.RELU: RELU,
    tflite.ActivationFunctionType.RELU6: RELU6,
}
_NAMES = {value: name for name, value in vars(_Operator).items() if isinstance(value, int)}


def read_tflite(path: Path) -> Graph:
    """Read a .tflite file.

    Raises:
        ModelError: if it is truncated, broken, or quantised to int8.
    """
    try:
        model = _Model(tflite.Model.GetRootAs(path.read_bytes()))
        if model.has_int8_weights():
            raise int8_error()
        return model.graph()
    # A broken FlatBuffer points anywhere.
    except (struct.error, IndexError, KeyError, TypeError, ValueError, AttributeError, OverflowError) as error:
        raise ModelError(f"truncated, or a broken TensorFlow Lite model ({error!r})") from error


class _Model:
    """A file's first subgraph: operators by code, tensors by number."""

    def __init__(self, content: Any) -> None:
        self._content = content
        self._subgraph = content.Subgraphs(0)
        self._operators = [self._subgraph.Operators(number) for number in range(self._subgraph.OperatorsLength())]
        self._constants = self._read_constants()

    def has_int8_weights(self) -> bool:
        convolutions = [operator for operator in self._operators if self._code(operator) in _CONVOLUTIONS]
        weights = [self._subgraph.Tensors(operator.Inputs(1)) for operator in convolutions]
        return any(weight.Type() in _INT8_TYPES for weight in weights)

    def graph(self) -> Graph:
        if self._subgraph.InputsLength() != 1:
            raise ModelError(f"a model with {self._subgraph.InputsLength()} inputs, not with one picture")
        picture = self._subgraph.Inputs(0)
        # The height of [N, y, x, 3]; the format writes 1 for "any".
        shape = self._subgraph.Tensors(picture).ShapeAsNumpy().tolist()
        size = shape[1] if len(shape) == 4 and shape[1] > 1 else None
        calculations = [operator for operator in self._operators if operator.Outputs(0) not in self._constants]
        return Graph(_name(picture), size, tuple(self._read_node(operator) for operator in calculations))

    def _code(self, operator: Any) -> int:
        code = self._content.OperatorCodes(operator.OpcodeIndex())
        # Old files have the one field, new files the other; the number is the larger.
        return max(code.BuiltinCode(), code.DeprecatedBuiltinCode())

    def _read_constants(self) -> dict[int, np.ndarray]:
        """By tensor number. Float16 weights go through a DEQUANTIZE: its result counts as a constant too."""
        numbers = range(self._subgraph.TensorsLength())
        stored = {number: self._stored(self._subgraph.Tensors(number)) for number in numbers}
        constants = {number: value for number, value in stored.items() if value is not None}
        for operator in self._operators:
            if self._code(operator) == _Operator.DEQUANTIZE and operator.Inputs(0) in constants:
                constants[operator.Outputs(0)] = constants[operator.Inputs(0)].astype(np.float32)
        return constants

    def _stored(self, tensor: Any) -> np.ndarray | None:
        buffer = self._content.Buffers(tensor.Buffer())
        if buffer.DataLength() == 0 or tensor.Type() not in _TYPES:
            return None
        shape = tensor.ShapeAsNumpy() if tensor.ShapeLength() else ()
        return buffer.DataAsNumpy().view(_TYPES[tensor.Type()]).reshape(shape)

    def _read_node(self, operator: Any) -> Node:
        inputs = [number for number in operator.InputsAsNumpy().tolist() if number >= 0]
        pictures = tuple(_name(number) for number in inputs if number not in self._constants)
        fixed = [self._constants.get(number) for number in inputs]
        outputs = tuple(map(_name, operator.OutputsAsNumpy().tolist()))
        return Node(self._read_operation(operator, fixed), pictures, outputs)

    def _read_operation(self, operator: Any, constants: list[np.ndarray | None]) -> Operation:
        code = self._code(operator)
        if code in _CONVOLUTIONS:
            return _read_convolution(code, operator, constants)
        if code == _Operator.PAD:
            return _read_pad(constants)
        if code in _ARITHMETIC:
            return _read_arithmetic(code, operator, constants)
        if code == _Operator.RESIZE_BILINEAR:
            options = _options(operator, tflite.ResizeBilinearOptions)
            return Resize(options.HalfPixelCenters() and not options.AlignCorners())
        if code in _PASSES:
            return Pass()
        return _SIMPLE.get(code, Other(_NAMES.get(code, str(code))))


_CONVOLUTIONS: Mapping[int, Any] = {
    _Operator.CONV_2D: tflite.Conv2DOptions,
    _Operator.DEPTHWISE_CONV_2D: tflite.DepthwiseConv2DOptions,
}
_SIMPLE: Mapping[int, Operation] = {
    _Operator.LOGISTIC: Sigmoid(),
    _Operator.RELU: RELU,
    _Operator.RELU6: RELU6,
}


def _name(number: int) -> str:
    return f"tensor {number}"


def _options(operator: Any, options_type: Any) -> Any:
    table = operator.BuiltinOptions()
    options = options_type()
    options.Init(table.Bytes, table.Pos)
    return options


def _read_convolution(code: int, operator: Any, constants: list[np.ndarray | None]) -> Operation:
    options = _options(operator, _CONVOLUTIONS[code])
    stored = constants[1]
    bias = constants[2] if len(constants) > 2 else None
    clip: Clip | None = _CLIPS.get(options.FusedActivationFunction())
    plain = options.StrideW() == options.StrideH() and options.DilationWFactor() == options.DilationHFactor() == 1
    if stored is None or clip is None or not plain:
        return Other(_NAMES[code])
    depthwise = code == _Operator.DEPTHWISE_CONV_2D
    stride = options.StrideW()
    # [outputs, y, x, inputs], or depthwise [1, y, x, outputs].
    weight = stored.transpose(3, 0, 1, 2) if depthwise else stored.transpose(0, 3, 1, 2)
    convolution = Convolution(
        weight=weight.astype(np.float32),
        bias=np.zeros(len(weight), np.float32) if bias is None else bias.astype(np.float32),
        groups=len(weight) if depthwise else 1,
        stride=stride,
        pads=same_pads(weight.shape[2:], stride) if options.Padding() == tflite.Padding.SAME else (0, 0),
    )
    return convolution.clipped(clip)


def _read_pad(constants: list[np.ndarray | None]) -> Operation:
    pads = constants[1]
    if pads is None or pads.shape != (4, 2) or pads[[0, 3]].any() or (pads[1] != pads[2]).any():
        return Other("PAD")
    return Pad(*pads[1].tolist())


def _read_arithmetic(code: int, operator: Any, constants: list[np.ndarray | None]) -> Operation:
    kind, options_type = _ARITHMETIC[code]
    fixed = [value for value in constants if value is not None]
    if _options(operator, options_type).FusedActivationFunction() != tflite.ActivationFunctionType.NONE:
        return Other(_NAMES[code])
    if len(fixed) == 1:
        return affine(kind, fixed[0], constant_first=constants[0] is not None)
    return Add() if kind == "add" else Other(_NAMES[code])
