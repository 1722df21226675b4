"""`movenet import-google`: Google's published MoveNet Lightning or Thunder as a checkpoint of ours."""

from __future__ import annotations

import argparse
from pathlib import Path

from movenet.commands.files import checked_output
from movenet.errors import RuntimeUnavailableError

NAME = "import-google"
HELP = "Turn Google's published MoveNet Lightning or Thunder into a checkpoint."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the import's arguments."""
    parser.add_argument(
        "file",
        type=Path,
        help="TensorFlow.js model.json (its shards beside it), .tflite with float weights, or .onnx by tf2onnx",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="checkpoint to write")


def run(arguments: argparse.Namespace) -> int:
    """Read, map, write checkpoint and licence notice; returns the exit status."""
    # torch is slow to import, and absent on most boards: only this command needs it.
    try:
        from movenet.importing import import_google, write_movenet_notice
        from movenet.models import save_network
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}; the import needs torch: pip install 'movenet-edge[import]'") from error

    output = checked_output(arguments.output)
    network, spec = import_google(arguments.file)
    save_network(output, network, spec)
    notice = write_movenet_notice(output, spec.model)
    print(f"{output}: {spec.model}, input {spec.input_size} px; licence in {notice}")
    return 0
