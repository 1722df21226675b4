"""`movenet import-backbone`: the backbone of a published network as the start of a training."""

from __future__ import annotations

import argparse
from pathlib import Path

from movenet.commands.files import checked_output
from movenet.errors import RuntimeUnavailableError

NAME = "import-backbone"
HELP = "Take a trained MobileNetV2 or BlazePose out of a published network, to start a training from."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the import's arguments."""
    parser.add_argument(
        "file",
        type=Path,
        help="network that begins with MobileNetV2, or a BlazePose landmark model: .tflite of floats, TensorFlow.js "
        "model.json, or .onnx by tf2onnx",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="checkpoint to write")
    parser.add_argument("--licence", type=Path, metavar="FILE", help="text to keep beside the weights: maker and terms")
    parser.add_argument("--model", default="blazepose_lite", help="preset to fill (default: %(default)s)")


def run(arguments: argparse.Namespace) -> int:
    """Read, map, write the checkpoint; returns the exit status."""
    # torch is slow to import, and absent on most boards: only this command needs it.
    try:
        from movenet.importing import import_backbone, write_backbone_notice
        from movenet.models import save_network
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}; the import needs torch: pip install 'movenet-edge[import]'") from error

    output = checked_output(arguments.output)
    network, spec = import_backbone(arguments.file, arguments.model)
    notice = write_backbone_notice(output, spec.model, arguments.file, arguments.licence)
    save_network(output, network, spec)
    print(
        f"{output}: {spec.model} with what {arguments.file.name} has of it; the rest is untrained; origin in {notice}\n"
        f"Start a training with --model.initial_weights {output}"
    )
    return 0
