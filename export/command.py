"""The export from checkpoint to checked model folder, and its command line."""

from __future__ import annotations

import argparse
import contextlib
import importlib
import json
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Any, cast

import numpy as np
from rich.console import Console
from rich.table import Table

import movenet
from export.parity import TOLERANCES, Parity, compare, load_pictures
from export.rescale import balance_depthwise, round_network
from movenet.errors import ConfigError, DataError, ModelError, RuntimeUnavailableError
from movenet.metadata import (
    CHECKPOINT_FILE,
    HEAD_NAMES,
    METADATA_FILE,
    NCNN_BIN_FILE,
    NCNN_PARAM_FILE,
    ONNX_FILE,
    ModelFile,
    ModelMetadata,
)
from movenet.models import MoveNet, NetworkSpec, load_network, save_network
from movenet.models.notice import carry_notice, notice_path
from movenet.models.pyramid import COARSEST_STRIDE
from movenet.runtimes import create_runtime
from movenet.runtimes.torch_runtime import describe

NAME = "export"
HELP = "Turn a checkpoint into models for ONNX Runtime and ncnn, and check that they agree with it."

Writer = Callable[[MoveNet, int, Path, bool], dict[str, str]]
# A format is also the name of the run-time that reads it. Imported when asked for: each needs packages of its own.
WRITERS = {"onnx": ("export.onnx_export", "write_onnx"), "ncnn": ("export.ncnn_export", "write_ncnn")}
MODEL_FILES = (CHECKPOINT_FILE, notice_path(CHECKPOINT_FILE).name, ONNX_FILE, NCNN_PARAM_FILE, NCNN_BIN_FILE)
# What evaluate.py's json says of the machine that it ran on; a published model tells nobody.
_PATHS_OF_METRICS = ("weights", "annotations")
PACKAGES = ("torch", "onnx", "onnxscript", "onnxruntime", "pnnx", "ncnn", "numpy")


def register(parser: argparse.ArgumentParser) -> None:
    """Add the export's arguments."""
    parser.add_argument("--checkpoint", required=True, type=Path, help="checkpoint of the training")
    parser.add_argument("--output", required=True, type=Path, metavar="DIR", help="folder of the exported model")
    parser.add_argument(
        "--input-size",
        type=int,
        metavar="PIXELS",
        help="side of the square input, a multiple of 32: larger is slower and sees more; default: the training's",
    )
    parser.add_argument(
        "--formats", type=_formats, default=list(WRITERS), help=f"comma-separated; default: {','.join(WRITERS)}"
    )
    parser.add_argument("--fp16", action="store_true", help="store kernels in half precision: half the size")
    parser.add_argument(
        "--images",
        nargs="+",
        default=[],
        metavar="PATH",
        help="pictures and folders to check on; scikit-image's if none",
    )
    parser.add_argument(
        "--metrics",
        action="append",
        default=[],
        metavar="[NAME=]FILE",
        help="json of evaluate.py to keep in the metadata; may be repeated",
    )


def run(arguments: argparse.Namespace) -> int:
    """Export, check, report; returns the exit status."""
    network, spec = load_network(arguments.checkpoint)
    spec = replace(spec, input_size=_checked_size(arguments.input_size or spec.input_size))
    metrics = _read_metrics(arguments.metrics)
    pictures = load_pictures(arguments.images, spec.input_size)
    with staged_folder(arguments.output) as folder:
        metadata = build_model(network, spec, folder, arguments.formats, arguments.fp16)
        carry_notice(arguments.checkpoint, folder / CHECKPOINT_FILE)
        parities = check_model(network, spec, folder, metadata, arguments.formats, pictures)
        Console().print(_report(parities, metadata))
        _raise_if_apart(parities, metadata)
        parity = {name: found.to_dict() for name, found in parities.items()}
        replace(metadata, metrics=metrics, parity=parity).save(folder)
    print(f"wrote {arguments.output}")
    return 0


def build_model(
    network: MoveNet, spec: NetworkSpec, folder: Path, formats: Sequence[str], half_weights: bool
) -> ModelMetadata:
    """Write the files of a model and their metadata into an empty folder.

    Args:
        formats: keys of `WRITERS`.
        half_weights: whether kernels are stored in half precision.

    Raises:
        ModelError: if a format cannot represent the network.
        RuntimeUnavailableError: if a format's packages are not installed.
    """
    kept = round_network(balance_depthwise(network)) if half_weights else network
    save_network(folder / CHECKPOINT_FILE, kept, spec, half_weights)
    precisions = {CHECKPOINT_FILE: "fp16" if half_weights else "fp32"}
    for name in formats:
        precisions |= _writer(name)(network, spec.input_size, folder, half_weights)
    files = {name: ModelFile.of(folder / name, precision) for name, precision in precisions.items()}
    metadata = replace(describe(network, spec), files=files, versions=_versions())
    metadata.save(folder)
    return metadata


def check_model(
    network: MoveNet,
    spec: NetworkSpec,
    folder: Path,
    metadata: ModelMetadata,
    formats: Sequence[str],
    pictures: Sequence[np.ndarray],
) -> dict[str, Parity]:
    """Compare each format, as a user would load it, with the network that it was made of, in full precision."""
    with tempfile.TemporaryDirectory() as scratch:
        save_network(Path(scratch) / CHECKPOINT_FILE, network, spec)
        reference = create_runtime(Path(scratch) / CHECKPOINT_FILE, "torch")
    return {
        name: compare(reference, create_runtime(folder, name), pictures, TOLERANCES[_precision(name, metadata)])
        for name in formats
    }


@contextlib.contextmanager
def staged_folder(output: Path) -> Iterator[Path]:
    """A scratch folder whose files are moved to `output` when the block ends well, and thrown away otherwise.

    The metadata comes last: until then the run-times refuse a folder of mixed files by their checksums.

    Raises:
        ModelError: if `output` cannot be a folder.
    """
    if output.exists() and not output.is_dir():
        raise ModelError(f"{output}: exists, and is not a folder")
    try:
        output.parent.mkdir(parents=True, exist_ok=True)
        # Beside the output, so that moving is a renaming within one file system.
        scratch = tempfile.TemporaryDirectory(dir=output.parent, prefix=f".{output.name}-")
    except OSError as error:
        raise ModelError(f"{output}: cannot be written: {error.strerror}") from error
    with scratch as folder:
        yield Path(folder)
        _publish(Path(folder), output)


def _publish(scratch: Path, output: Path) -> None:
    output.mkdir(exist_ok=True)
    names = [path.name for path in scratch.iterdir()]
    for stale in set(MODEL_FILES).difference(names):
        (output / stale).unlink(missing_ok=True)
    for name in sorted(names, key=lambda name: name == METADATA_FILE):
        (scratch / name).replace(output / name)


def _checked_size(size: int) -> int:
    if size <= 0 or size % COARSEST_STRIDE:
        raise ConfigError(f"--input-size must be a multiple of {COARSEST_STRIDE}, not {size}")
    return size


def _formats(text: str) -> list[str]:
    names = text.split(",")
    unknown = [name for name in names if name not in WRITERS]
    if unknown:
        raise argparse.ArgumentTypeError(f"unknown format '{unknown[0]}'; known: {', '.join(WRITERS)}")
    return names


def _writer(name: str) -> Writer:
    module, function = WRITERS[name]
    try:
        return cast(Writer, getattr(importlib.import_module(module), function))
    except ImportError as error:
        raise RuntimeUnavailableError(
            f'the packages for {name} are not installed ({error}): pip install "movenet-edge[export]"'
        ) from error


def _precision(format_name: str, metadata: ModelMetadata) -> str:
    weights_file = {"onnx": ONNX_FILE, "ncnn": NCNN_BIN_FILE}[format_name]
    return metadata.files[weights_file].precision


def _read_metrics(arguments: Sequence[str]) -> dict[str, Any]:
    metrics: dict[str, Any] = {}
    for argument in arguments:
        name, separator, path = argument.rpartition("=")
        content = {key: value for key, value in _read_json_object(Path(path)).items() if key not in _PATHS_OF_METRICS}
        metrics |= {name: content} if separator else content
    return metrics


def _read_json_object(path: Path) -> dict[str, Any]:
    try:
        content = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as error:
        raise DataError(f"{path}: not a readable json file: {error}") from error
    if not isinstance(content, dict):
        raise DataError(f"{path}: expected a json object of metrics")
    return content


def _versions() -> dict[str, str]:
    versions = {"movenet-edge": movenet.__version__}
    for package in PACKAGES:
        with contextlib.suppress(PackageNotFoundError):
            versions[package] = version(package)
    return versions


def _report(parities: dict[str, Parity], metadata: ModelMetadata) -> Table:
    table = Table("largest difference", title=f"{metadata.model}: exported models against torch")
    for name in parities:
        table.add_column(f"{name} {_precision(name, metadata)}", justify="right")
    found = list(parities.values())
    for head in HEAD_NAMES:
        table.add_row(head, *(f"{getattr(parity, head):.1e}" for parity in found))
    table.add_row("points, input pixels", *(f"{parity.points_px:.4f}" for parity in found))
    table.add_row("points moved too far", *(f"{parity.moved_share:.1%}" for parity in found))
    table.add_row("points / pictures", *(f"{parity.num_points} / {parity.num_pictures}" for parity in found))
    return table


def _raise_if_apart(parities: dict[str, Parity], metadata: ModelMetadata) -> None:
    for name, parity in parities.items():
        violations = parity.violations(TOLERANCES[_precision(name, metadata)])
        if violations:
            raise ModelError(f"the {name} model is too far from torch ({'; '.join(violations)}); nothing was written")
