"""The network as an ONNX file: batch 1, static shapes, outputs under the heads' names."""

from __future__ import annotations

import contextlib
import io
import logging
import warnings
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import onnx
import torch

from export.heads_module import HeadsModule, example_input
from export.rescale import prepare
from movenet.errors import ModelError
from movenet.metadata import HEAD_NAMES, ONNX_FILE
from movenet.models import MoveNet

INPUT_NAME = "image"


def write_onnx(network: MoveNet, input_size: int, folder: Path, half_weights: bool) -> dict[str, str]:
    """Write `model.onnx` into a folder.

    Args:
        half_weights: whether to store the kernels in half precision. ONNX Runtime turns them to single precision when
            it loads the file, so a picture costs the same.

    Returns:
        The file's name and the precision of its weights.

    Raises:
        ModelError: if the file does not pass ONNX's own check.
    """
    model = _trace(prepare(network, half_weights), input_size)
    _drop_traces(model)
    if half_weights:
        _halve_kernels(model.graph)
    path = folder / ONNX_FILE
    onnx.save(model, path)
    try:
        onnx.checker.check_model(path, full_check=True)
    except onnx.checker.ValidationError as error:
        raise ModelError(f"the exported ONNX model is not valid: {str(error).splitlines()[0]}") from error
    return {ONNX_FILE: "fp16" if half_weights else "fp32"}


def _trace(network: MoveNet, input_size: int) -> onnx.ModelProto:
    module = HeadsModule(network).eval()
    with _quiet_exporter():
        program = torch.onnx.export(
            module,
            (example_input(input_size),),
            input_names=[INPUT_NAME],
            output_names=list(HEAD_NAMES),
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise ModelError("torch.onnx gave no model")
    return program.model_proto


@contextlib.contextmanager
def _quiet_exporter() -> Iterator[None]:
    """torch's exporter reports progress on stdout, and warns about its internals and packages that are not needed."""
    logger = logging.getLogger("torch.onnx")
    level = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logger.setLevel(level)


def _halve_kernels(graph: onnx.GraphProto) -> None:
    """Store every kernel in half precision, with a cast under its old name."""
    casts = []
    for tensor in graph.initializer:
        values = onnx.numpy_helper.to_array(tensor)
        if values.dtype == np.float32 and values.ndim > 1:
            name = tensor.name
            tensor.CopyFrom(onnx.numpy_helper.from_array(values.astype(np.float16), f"{name}.half"))
            casts.append(onnx.helper.make_node("Cast", [tensor.name], [name], to=onnx.TensorProto.FLOAT))
    nodes = [*casts, *graph.node]
    del graph.node[:]
    graph.node.extend(nodes)


def _drop_traces(model: onnx.ModelProto) -> None:
    """Remove the exporter's stack traces: a third of a small file, and they name folders of this machine."""
    del model.metadata_props[:]
    del model.graph.metadata_props[:]
    del model.graph.value_info[:]
    for element in (*model.graph.node, *model.graph.initializer, *model.graph.input, *model.graph.output):
        del element.metadata_props[:]
