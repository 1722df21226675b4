"""A published network's first part as the start of a training.

Any published network whose first part is MobileNetV2 of width 1 will do, a detector's or a classifier's; of BlazePose's
landmark networks the pyramid comes along. What follows is left where it is.
"""

from __future__ import annotations

import numpy as np
import torch
from torch import nn

from movenet.errors import ConfigError
from movenet.importing.graph import IDENTITY, Affine, Convolution, Graph
from movenet.importing.walk import Walk, as_convolution, copy_values, fill, for_our_normalisation, is_convolution
from movenet.models import MoveNet, NetworkSpec
from movenet.models.blazepose import PYRAMID_STAGES, BlazePose
from movenet.models.mobilenet import MobileNetV2
from movenet.models.pyramid import SumPyramid
from movenet.models.registry import find_preset
from movenet.skeleton import COCO17

DEFAULT_MODEL = "blazepose_lite"
# BlazePose wants 0..1, TensorFlow's MobileNets -1..1 as ours do.
_TO_0_1 = Affine(np.full(1, 1 / 255.0), np.zeros(1))
# 33 landmarks and 6 points that only its tracker uses; COCO's keypoints among them (MediaPipe Pose's documentation).
_NUM_HEATMAPS = 39
_LANDMARKS = {
    "nose": 0,
    "left_eye": 2,
    "right_eye": 5,
    "left_ear": 7,
    "right_ear": 8,
    "left_shoulder": 11,
    "right_shoulder": 12,
    "left_elbow": 13,
    "right_elbow": 14,
    "left_wrist": 15,
    "right_wrist": 16,
    "left_hip": 23,
    "right_hip": 24,
    "left_knee": 25,
    "right_knee": 26,
    "left_ankle": 27,
    "right_ankle": 28,
}


def map_backbone(graph: Graph, model: str = DEFAULT_MODEL) -> tuple[MoveNet, NetworkSpec]:
    """Make a network of ours whose backbone is a published one's; what is not taken over is as it starts.

    Args:
        graph: as a reader gives it. Where it does not scale the picture itself, it is taken to want what its family
            does.
        model: a preset with a MobileNetV2 or a BlazePose inside.

    Returns:
        The network in eval mode, and its description.

    Raises:
        ConfigError: if the preset has another backbone.
        ModelError: if the file's network does not begin with that backbone; the message says where it first differs.
    """
    preset = find_preset(model)
    spec = NetworkSpec(model, preset.input_size, "sigmoid", COCO17)
    network = spec.build().eval()
    if not isinstance(network.backbone, MobileNetV2 | BlazePose):
        raise ConfigError(f"'{model}' has neither a MobileNetV2 nor a BlazePose inside that could be filled")
    walk = Walk(graph.simplified(), f"a network with {model}'s backbone inside")
    normalisation, first = walk.first_convolution()
    with torch.no_grad():
        if isinstance(network.backbone, MobileNetV2):
            _load_mobilenet(walk, network.backbone, normalisation, as_convolution(first), first.outputs[0])
        else:
            _load_blazepose(walk, network, normalisation, as_convolution(first), first.outputs[0])
    return network, spec


def _load_mobilenet(walk: Walk, backbone: MobileNetV2, normalisation: Affine, stem: Convolution, tensor: str) -> None:
    walk.stem(backbone, stem if _is_identity(normalisation) else for_our_normalisation(normalisation, stem))
    made = walk.stages(backbone, tensor)
    if backbone.has_last:
        walk.step(backbone.last, made[-1])


def _load_blazepose(walk: Walk, network: MoveNet, normalisation: Affine, stem: Convolution, tensor: str) -> None:
    backbone, pyramid = network.backbone, network.pyramid
    assert isinstance(backbone, BlazePose)
    assert isinstance(pyramid, SumPyramid)
    walk.stem(backbone, for_our_normalisation(_TO_0_1 if _is_identity(normalisation) else normalisation, stem))
    made = walk.stages(backbone, tensor)
    coarse = walk.steps(pyramid.widen, made[-1])
    walk.steps(nn.Sequential(*list(network.heads.reg.children())[:-1]), coarse)
    tensor = walk.steps(pyramid.top, coarse)
    features = [made[stage] for stage in reversed(PYRAMID_STAGES[:-1])]
    for lateral, feature in zip(pyramid.laterals, features, strict=True):
        assert isinstance(lateral, nn.Sequential)
        tensor = walk.sum(walk.upsampled(tensor), walk.steps(lateral, feature))
    _load_heatmap(walk, network, tensor)


def _load_heatmap(walk: Walk, network: MoveNet, tensor: str) -> None:
    """BlazePose's heatmaps are one linear convolution of the pyramid's map; our tower before it starts as identity."""
    readers = [node for node in walk.graph.consumers(tensor) if is_convolution(node)]
    last = as_convolution(walk.only([node for node in readers if len(as_convolution(node).weight) == _NUM_HEATMAPS]))
    depthwise, normed, ours = network.heads.heatmap
    order = [_LANDMARKS[name] for name in COCO17.names]
    # The map is a sum of clipped ones, so that the tower's ReLU leaves it as it is.
    nn.init.dirac_(depthwise.weight, groups=depthwise.groups)  # type: ignore[arg-type]
    channels = last.weight.shape[1]
    identity = np.eye(channels, dtype=np.float32).reshape(channels, channels, 1, 1)
    fill(normed, Convolution(identity, np.zeros(channels, np.float32), groups=1, stride=1, pads=(0, 0)))
    copy_values(ours.weight, last.weight[order])
    copy_values(ours.bias, last.bias[order])


def _is_identity(affine: Affine) -> bool:
    return np.array_equal(affine.factor, IDENTITY.factor) and np.array_equal(affine.summand, IDENTITY.summand)
