"""The backbone of somebody else's MobileNetV2 as the start of a training.

Any published network whose first part is MobileNetV2 of width 1 will do, a detector's or a classifier's: what follows
the backbone is left where it is.
"""

from __future__ import annotations

import numpy as np
import torch

from movenet.errors import ConfigError
from movenet.importing.graph import IDENTITY, Affine, Graph
from movenet.importing.walk import Walk, as_convolution, for_our_normalisation
from movenet.models import MoveNet, NetworkSpec
from movenet.models.mobilenet import MobileNetV2
from movenet.models.registry import find_preset
from movenet.skeleton import COCO17

DEFAULT_MODEL = "mobilenet_v2_x1_0"


def map_backbone(graph: Graph, model: str = DEFAULT_MODEL) -> tuple[MoveNet, NetworkSpec]:
    """Make a network of ours whose backbone is a published one's; pyramid and heads are as they start.

    Args:
        graph: as a reader gives it. Where it does not scale the picture itself, it is taken to want -1..1, as
            TensorFlow's MobileNets do.
        model: a preset with a MobileNetV2 backbone.

    Returns:
        The network in eval mode, and its description.

    Raises:
        ConfigError: if the preset has another backbone.
        ModelError: if the file's network does not begin with that backbone; the message says where it first differs.
    """
    preset = find_preset(model)
    spec = NetworkSpec(model, preset.input_size, "sigmoid", COCO17)
    network = spec.build().eval()
    backbone = network.backbone
    if not isinstance(backbone, MobileNetV2):
        raise ConfigError(f"'{model}' has no MobileNetV2 backbone to fill")
    walk = Walk(graph.simplified(), "a network with this MobileNetV2 inside")
    normalisation, first = walk.first_convolution()
    stem = as_convolution(first)
    if not _is_identity(normalisation):
        stem = for_our_normalisation(normalisation, stem)
    with torch.no_grad():
        walk.stem(backbone, stem)
        _, tensor = walk.stages(backbone, first.outputs[0])
        if backbone.has_last:
            walk.step(backbone.last, tensor)
    return network, spec


def _is_identity(affine: Affine) -> bool:
    return np.array_equal(affine.factor, IDENTITY.factor) and np.array_equal(affine.summand, IDENTITY.summand)
