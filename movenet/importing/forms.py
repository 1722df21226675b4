"""Find out which form a published file has, and read it."""

from __future__ import annotations

import importlib
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from movenet.errors import ModelError, RuntimeUnavailableError
from movenet.importing.graph import Graph
from movenet.models import MoveNet, NetworkSpec

_TFLITE_MAGIC = b"TFL3"


class _Form(NamedTuple):
    module: str
    function: str


_TFJS = _Form("movenet.importing.tfjs", "read_tfjs")
_TFLITE = _Form("movenet.importing.tflite", "read_tflite")
_ONNX = _Form("movenet.importing.onnx", "read_onnx")


def read_and_map(
    path: str | Path, mapping: Callable[[Graph], tuple[MoveNet, NetworkSpec]]
) -> tuple[MoveNet, NetworkSpec]:
    """Read a published network and make one of ours of it.

    Args:
        path: a TensorFlow.js graph model's json file or the folder of its `model.json`; a .tflite file with float
            weights; or an ONNX file made by tf2onnx. The content decides, not the name.
        mapping: from the file's graph to our network.

    Raises:
        ModelError: if the file is missing, broken, quantised, or refused by the mapping; the message names the file.
        RuntimeUnavailableError: if the package that reads its format is not installed.
    """
    path = Path(path)
    file = path / "model.json" if path.is_dir() else path
    if not file.is_file():
        raise ModelError(f"{file}: no such file")
    read = _reader(_form(file))
    try:
        return mapping(read(file))
    except ModelError as error:
        raise ModelError(f"{file}: {error}") from error


def _form(path: Path) -> _Form:
    with path.open("rb") as file:
        head = file.read(64)
    if head[4:8] == _TFLITE_MAGIC:
        return _TFLITE
    return _TFJS if head.lstrip().startswith(b"{") else _ONNX


def _reader(form: _Form) -> Callable[[Path], Graph]:
    """A form's reader, imported only now: each needs a package of its own."""
    try:
        reader: Callable[[Path], Graph] = getattr(importlib.import_module(form.module), form.function)
    except ImportError as error:
        raise RuntimeUnavailableError(
            f"the package that reads this format is not installed ({error}): pip install 'movenet-edge[import]'"
        ) from error
    return reader
