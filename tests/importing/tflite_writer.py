"""A TensorFlow Lite file of the steps of `published.operations`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import flatbuffers
import numpy as np
import tflite

from tests.importing.published import PICTURE, Step

_TYPES = {
    "float32": tflite.TensorType.FLOAT32,
    "float16": tflite.TensorType.FLOAT16,
    "int8": tflite.TensorType.INT8,
    "int32": tflite.TensorType.INT32,
}
_ACTIVATIONS = {
    "none": tflite.ActivationFunctionType.NONE,
    "relu": tflite.ActivationFunctionType.RELU,
    "relu6": tflite.ActivationFunctionType.RELU6,
}
_OPERATORS = {
    "conv": tflite.BuiltinOperator.CONV_2D,
    "depthwise": tflite.BuiltinOperator.DEPTHWISE_CONV_2D,
    "add": tflite.BuiltinOperator.ADD,
    "mul": tflite.BuiltinOperator.MUL,
    "resize": tflite.BuiltinOperator.RESIZE_BILINEAR,
    "sigmoid": tflite.BuiltinOperator.LOGISTIC,
    "argmax": tflite.BuiltinOperator.ARG_MAX,
    "pad": tflite.BuiltinOperator.PAD,
    "gather": tflite.BuiltinOperator.GATHER_ND,
    "dequantize": tflite.BuiltinOperator.DEQUANTIZE,
}
_KINDS = list(_OPERATORS)


def write_tflite(folder: Path, steps: list[Step], input_size: int, stored: str = "float32") -> Path:
    """A file with weights of `float32`, `float16` (each behind a DEQUANTIZE) or `int8` (to be refused: meaningless)."""
    writer = _Writer(stored)
    writer.tensor(PICTURE, (1, input_size, input_size, 3))
    for step in steps:
        writer.step(step)
    path = folder / "model.tflite"
    path.write_bytes(writer.file(steps[-1].name))
    return path


class _Writer:
    """Collects tensors, buffers and operators; FlatBuffers are written from the leaves up."""

    def __init__(self, stored: str) -> None:
        self._stored = stored
        self._builder = flatbuffers.Builder(1 << 24)
        self._numbers: dict[str, int] = {}
        self._tensors: list[int] = []
        self._operators: list[int] = []
        self._buffers = [self._buffer(b"")]

    def step(self, step: Step) -> None:
        if step.kind == "affine":
            self.constant(f"{step.name}/factor", step.constants[0])
            self.constant(f"{step.name}/summand", step.constants[1])
            self._operator("mul", [*step.inputs, f"{step.name}/factor"], f"{step.name}/mul", self._arithmetic("Mul"))
            self._operator("add", [f"{step.name}/mul", f"{step.name}/summand"], step.name, self._arithmetic("Add"))
        elif step.kind in ("conv", "depthwise"):
            self._convolution(step)
        elif step.kind == "pad":
            self.constant(f"{step.name}/pads", step.constants[0], "int32")
            self._operator("pad", [*step.inputs, f"{step.name}/pads"], step.name, None)
        else:
            self._operator(step.kind, list(step.inputs), step.name, self._simple_options(step.kind))

    def file(self, output: str) -> bytes:
        builder = self._builder
        tensors = self._offsets(self._tensors, tflite.SubGraphStartTensorsVector)
        operators = self._offsets(self._operators, tflite.SubGraphStartOperatorsVector)
        inputs, outputs = self._ints([self._numbers[PICTURE]]), self._ints([self._numbers[output]])
        tflite.SubGraphStart(builder)
        tflite.SubGraphAddTensors(builder, tensors)
        tflite.SubGraphAddOperators(builder, operators)
        tflite.SubGraphAddInputs(builder, inputs)
        tflite.SubGraphAddOutputs(builder, outputs)
        subgraphs = self._offsets([tflite.SubGraphEnd(builder)], tflite.ModelStartSubgraphsVector)
        codes = self._offsets([self._code(kind) for kind in _KINDS], tflite.ModelStartOperatorCodesVector)
        buffers = self._offsets(self._buffers, tflite.ModelStartBuffersVector)
        tflite.ModelStart(builder)
        tflite.ModelAddVersion(builder, 3)
        tflite.ModelAddOperatorCodes(builder, codes)
        tflite.ModelAddSubgraphs(builder, subgraphs)
        tflite.ModelAddBuffers(builder, buffers)
        builder.Finish(tflite.ModelEnd(builder), file_identifier=b"TFL3")
        return bytes(builder.Output())

    def tensor(self, name: str, shape: tuple[int, ...] = (), stored: str = "float32", buffer: int = 0) -> None:
        offset, sizes = self._builder.CreateString(name), self._ints(list(shape))
        tflite.TensorStart(self._builder)
        tflite.TensorAddName(self._builder, offset)
        tflite.TensorAddShape(self._builder, sizes)
        tflite.TensorAddType(self._builder, _TYPES[stored])
        tflite.TensorAddBuffer(self._builder, buffer)
        self._numbers[name] = len(self._tensors)
        self._tensors.append(tflite.TensorEnd(self._builder))

    def constant(self, name: str, values: np.ndarray, stored: str = "float32") -> None:
        self._buffers.append(self._buffer(np.ascontiguousarray(values, stored).tobytes()))
        half = stored == "float16"
        self.tensor(f"{name}/half" if half else name, values.shape, stored, len(self._buffers) - 1)
        if half:
            self._operator("dequantize", [f"{name}/half"], name, None)

    def _convolution(self, step: Step) -> None:
        depthwise = step.kind == "depthwise"
        weight = step.constants[0].transpose(1, 2, 3, 0) if depthwise else step.constants[0].transpose(0, 2, 3, 1)
        self.constant(f"{step.name}/weights", weight, self._stored)
        # The format's converter gives a bias to every convolution.
        bias = step.constants[1] if len(step.constants) > 1 else np.zeros(len(step.constants[0]), np.float32)
        self.constant(f"{step.name}/bias", bias)
        inputs = [*step.inputs, f"{step.name}/weights", f"{step.name}/bias"]
        self._operator(step.kind, inputs, step.name, self._convolution_options(step, depthwise))

    def _operator(self, kind: str, inputs: list[str], output: str, options: tuple[int, int] | None) -> None:
        self.tensor(output)
        read, made = self._ints([self._numbers[name] for name in inputs]), self._ints([self._numbers[output]])
        tflite.OperatorStart(self._builder)
        tflite.OperatorAddOpcodeIndex(self._builder, _KINDS.index(kind))
        tflite.OperatorAddInputs(self._builder, read)
        tflite.OperatorAddOutputs(self._builder, made)
        if options is not None:
            tflite.OperatorAddBuiltinOptionsType(self._builder, options[0])
            tflite.OperatorAddBuiltinOptions(self._builder, options[1])
        self._operators.append(tflite.OperatorEnd(self._builder))

    def _convolution_options(self, step: Step, depthwise: bool) -> tuple[int, int]:
        name = "DepthwiseConv2DOptions" if depthwise else "Conv2DOptions"
        values = {
            "Padding": {"same": tflite.Padding.SAME, "valid": tflite.Padding.VALID}[step.padding],
            "StrideW": step.stride,
            "StrideH": step.stride,
            "FusedActivationFunction": _ACTIVATIONS[step.activation],
            "DilationWFactor": 1,
            "DilationHFactor": 1,
        }
        return self._options(name, values)

    def _arithmetic(self, kind: str) -> tuple[int, int]:
        return self._options(f"{kind}Options", {"FusedActivationFunction": tflite.ActivationFunctionType.NONE})

    def _simple_options(self, kind: str) -> tuple[int, int] | None:
        if kind == "resize":
            return self._options("ResizeBilinearOptions", {"HalfPixelCenters": True})
        return self._arithmetic("Add") if kind == "add" else None

    def _options(self, name: str, values: dict[str, Any]) -> tuple[int, int]:
        getattr(tflite, f"{name}Start")(self._builder)
        for key, value in values.items():
            getattr(tflite, f"{name}Add{key}")(self._builder, value)
        return getattr(tflite.BuiltinOptions, name), getattr(tflite, f"{name}End")(self._builder)

    def _code(self, kind: str) -> int:
        tflite.OperatorCodeStart(self._builder)
        tflite.OperatorCodeAddBuiltinCode(self._builder, _OPERATORS[kind])
        tflite.OperatorCodeAddDeprecatedBuiltinCode(self._builder, _OPERATORS[kind])
        return int(tflite.OperatorCodeEnd(self._builder))

    def _buffer(self, content: bytes) -> int:
        data = self._builder.CreateByteVector(content) if content else None
        tflite.BufferStart(self._builder)
        if data is not None:
            tflite.BufferAddData(self._builder, data)
        return int(tflite.BufferEnd(self._builder))

    def _ints(self, values: list[int]) -> int:
        return int(self._builder.CreateNumpyVector(np.array(values, np.int32)))

    def _offsets(self, offsets: list[int], start: Any) -> int:
        start(self._builder, len(offsets))
        for offset in reversed(offsets):
            self._builder.PrependUOffsetTRelative(offset)
        return int(self._builder.EndVector())
