"""ONNX Runtime on the CPU: mostly the fastest on x86 (the `onnx` extra)."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import onnxruntime

from movenet.errors import ModelError
from movenet.metadata import ONNX_FILE, ModelMetadata
from movenet.runtimes.base import HeadArrays, check_image, named_heads, to_planes


class OnnxRuntime:
    """A model folder's `model.onnx`.

    Raises:
        ModelError: if the folder is not an exported model, or was exported without ONNX.
    """

    def __init__(self, weights: Path, num_threads: int = 1) -> None:
        self.metadata = ModelMetadata.load(weights, (ONNX_FILE,))
        self._session = _load_session(weights / ONNX_FILE, num_threads)
        self._input_name = self._session.get_inputs()[0].name
        self._output_names = list(self.metadata.outputs)

    def __call__(self, image: np.ndarray) -> HeadArrays:
        check_image(image, self.metadata)
        outputs = self._session.run(self._output_names, {self._input_name: to_planes(image)})
        arrays = {name: output[0] for name, output in zip(self._output_names, outputs, strict=True)}
        return named_heads(arrays, self.metadata)


def _load_session(path: Path, num_threads: int) -> onnxruntime.InferenceSession:
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = num_threads
    options.inter_op_num_threads = 1
    try:
        return onnxruntime.InferenceSession(str(path), options, providers=["CPUExecutionProvider"])
    except Exception as error:  # onnxruntime's exception types are its own, and not public
        raise ModelError(f"{path}: ONNX Runtime cannot read it: {str(error).splitlines()[0]}") from error
