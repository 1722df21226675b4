"""`movenet thin`: silence the hidden channels that carry next to nothing, so that the export leaves them out."""

from __future__ import annotations

import argparse
from pathlib import Path

import numpy as np

from movenet.commands.files import checked_output
from movenet.data.coco import read_coco
from movenet.data.pictures import read_annotated
from movenet.errors import ConfigError, RuntimeUnavailableError
from movenet.geometry import extract_square
from movenet.metrics import default_min_keypoints, select_persons

NAME = "thin"
HELP = "Silence hidden channels that carry next to nothing, for smaller and faster exports. Train on afterwards."


def register(parser: argparse.ArgumentParser) -> None:
    """Add the command's arguments."""
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("--annotations", type=Path, required=True, help="COCO keypoints json file of a training set")
    parser.add_argument("--images", type=Path, required=True, help="folder of the pictures that it names")
    parser.add_argument("--persons", type=int, default=256, help="how many to look at (default: %(default)s)")
    parser.add_argument(
        "--share",
        type=float,
        default=0.002,
        help="of a layer's variance, 0 to 1: the channels that carry less than this together (default: %(default)s)",
    )
    parser.add_argument("--output", type=Path, required=True, metavar="FILE", help="checkpoint to write")


def run(arguments: argparse.Namespace) -> int:
    """Look at the pictures, silence, write the checkpoint; returns the exit status."""
    # torch is slow to import, and absent on most boards: only this command needs it.
    try:
        import torch

        from movenet.models import load_network, save_network
        from movenet.models.notice import carry_notice
        from movenet.models.silent_channels import hidden_layers, silence_idle_channels
    except ImportError as error:
        raise RuntimeUnavailableError(f"{error}; thinning needs torch: pip install 'movenet-edge[train]'") from error

    if not 0 <= arguments.share < 1 or arguments.persons < 1:
        raise ConfigError("--share must be at least 0 and below 1, --persons at least 1")
    output = checked_output(arguments.output)
    network, spec = load_network(arguments.checkpoint)
    pictures = read_coco(arguments.annotations, arguments.images, spec.skeleton)
    persons = select_persons(pictures, "cropped", default_min_keypoints(spec.skeleton))
    # From the whole set: neighbours in the file may be of one place.
    persons = persons[:: -(-len(persons) // arguments.persons)]
    crops = [extract_square(read_annotated(p.picture)[..., ::-1], p.square, spec.input_size)[0] for p in persons]
    images = torch.from_numpy(np.stack(crops)).permute(0, 3, 1, 2).float()
    silenced = silence_idle_channels(network, images, arguments.share)
    hidden = sum(layers.reader[0].in_channels for layers in hidden_layers(network))  # type: ignore[misc]
    save_network(output, network, spec)
    carry_notice(arguments.checkpoint, output)
    print(f"{output}: {silenced} of {hidden} hidden channels are silent, by what {len(crops)} persons show")
    return 0
