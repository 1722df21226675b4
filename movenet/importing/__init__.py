"""Published networks as networks of ours: Google's MoveNet, whole, and the backbone of others. Needs torch.

One reader a file format (`forms`) gives a graph (`graph`); a walk along the graph and our own modules (`walk`) fills
them: `google` maps MoveNet SinglePose (Lightning and Thunder), `backbone` the first part of any network that begins
with a MobileNetV2. Only weights are taken over: Google's decode is the same rule as `movenet.decoding`'s.
"""

from __future__ import annotations

from functools import partial
from pathlib import Path

from movenet.importing.backbone import DEFAULT_MODEL, map_backbone
from movenet.importing.forms import read_and_map
from movenet.importing.google import map_movenet
from movenet.importing.notice import write_backbone_notice, write_movenet_notice
from movenet.models import MoveNet, NetworkSpec

__all__ = ["import_backbone", "import_google", "write_backbone_notice", "write_movenet_notice"]


def import_google(path: str | Path) -> tuple[MoveNet, NetworkSpec]:
    """One of Google's published MoveNets: the network in eval mode, and its description; errors: `read_and_map`."""
    return read_and_map(path, map_movenet)


def import_backbone(path: str | Path, model: str = DEFAULT_MODEL) -> tuple[MoveNet, NetworkSpec]:
    """A network of ours with a published one's backbone, see `map_backbone`; errors: there and `read_and_map`."""
    return read_and_map(path, partial(map_backbone, model=model))
