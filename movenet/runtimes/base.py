"""The protocol that every run-time keeps, and the table from a run-time's name to its class.

A run-time's module is imported only when it is asked for: nobody needs a package of a run-time that he does not use.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from pathlib import Path
from typing import NamedTuple, Protocol, cast

import numpy as np

from movenet.errors import ConfigError, DataError, ModelError, RuntimeUnavailableError
from movenet.metadata import ModelMetadata


class HeadArrays(NamedTuple):
    """The heads of one image: C-contiguous float32 arrays [channels, y, x].

    Attributes:
        heatmap: [K, G, G], 0..1.
        center: [1, G, G], 0..1.
        reg: [2K, G, G], x0, y0, x1, ..., in cells.
        offset: [2K, G, G], x0, y0, x1, ..., in cells.
    """

    heatmap: np.ndarray
    center: np.ndarray
    reg: np.ndarray
    offset: np.ndarray


class Runtime(Protocol):
    """One model, loaded and ready."""

    @property
    def metadata(self) -> ModelMetadata:
        """What the model is."""

    def __call__(self, image: np.ndarray) -> HeadArrays:
        """Run the network on one picture.

        Args:
            image: uint8 RGB [S, S, 3], S the metadata's input size.

        Raises:
            DataError: if the picture is of another shape or dtype.
        """


class _RuntimeClass(Protocol):
    def __call__(self, weights: Path, num_threads: int) -> Runtime: ...


class _Backend(NamedTuple):
    module: str
    class_name: str
    requirement: str


_BACKENDS = {
    "ncnn": _Backend("movenet.runtimes.ncnn_runtime", "NcnnRuntime", "ncnn"),
    "onnx": _Backend("movenet.runtimes.onnx_runtime", "OnnxRuntime", '"movenet-edge[onnx]"'),
    "torch": _Backend("movenet.runtimes.torch_runtime", "TorchRuntime", '"movenet-edge[train]"'),
}


def runtime_names() -> list[str]:
    """The names that `create_runtime` knows, the default first."""
    return list(_BACKENDS)


def default_runtime(weights: str | Path) -> str:
    """What runs a model: exported ones are folders and have the first run-time's files; a checkpoint is for torch."""
    return "torch" if Path(weights).is_file() else runtime_names()[0]


def create_runtime(weights: str | Path, runtime: str | None = None, num_threads: int = 1) -> Runtime:
    """Load a model.

    Args:
        weights: a folder as the export writes it; for `torch` also a checkpoint file.
        runtime: one of `runtime_names()`; `default_runtime`'s if none is given.
        num_threads: how many threads the network may use.

    Raises:
        RuntimeUnavailableError: if the run-time is unknown, or its package is not installed.
        ModelError: if the model is missing, broken, or was exported without this run-time's files.
        ConfigError: if the number of threads is not positive.
    """
    if num_threads < 1:
        raise ConfigError(f"the number of threads must be at least 1, not {num_threads}")
    return _runtime_class(runtime or default_runtime(weights))(Path(weights), num_threads)


def _runtime_class(name: str) -> _RuntimeClass:
    if name not in _BACKENDS:
        raise RuntimeUnavailableError(f"unknown run-time '{name}'; known: {', '.join(_BACKENDS)}")
    backend = _BACKENDS[name]
    try:
        module = importlib.import_module(backend.module)
    except ImportError as error:
        raise RuntimeUnavailableError(
            f"the run-time '{name}' is not installed ({error}): pip install {backend.requirement}"
        ) from error
    return cast(_RuntimeClass, getattr(module, backend.class_name))


def check_image(image: np.ndarray, metadata: ModelMetadata) -> None:
    """Make sure that a picture is the network's input.

    Raises:
        DataError: if it is not uint8 [S, S, 3].
    """
    expected = (metadata.input_size, metadata.input_size, 3)
    if image.dtype != np.uint8 or image.shape != expected:
        raise DataError(f"the network needs a uint8 picture of shape {expected}, not {image.dtype} {image.shape}")


def to_planes(image: np.ndarray) -> np.ndarray:
    """uint8 [S, S, 3] -> float32 [1, 3, S, S], contiguous."""
    return np.ascontiguousarray(image.transpose(2, 0, 1)[None], dtype=np.float32)


def named_heads(arrays: Mapping[str, np.ndarray], metadata: ModelMetadata) -> HeadArrays:
    """Put outputs into the heads' order.

    Args:
        arrays: float32 [channels, y, x] by head name.

    Raises:
        ModelError: if an output has not the shape that the metadata says.
    """
    for name, shape in metadata.outputs.items():
        if arrays[name].shape != shape:
            raise ModelError(f"the output '{name}' has shape {arrays[name].shape}, the metadata says {shape}")
    return HeadArrays(**arrays)
