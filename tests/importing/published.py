"""Files of the forms in which Google's networks are published, made of networks of ours.

`operations` lists what such a file holds: batch norms folded, reg and offset with y first, and the part of the decode
that tells them apart. The writers put the list into a form.
"""

from __future__ import annotations

import json
from base64 import b64encode
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import onnx
import torch
from torch import nn
from torch.nn.utils.fusion import fuse_conv_bn_eval

from movenet.models import MoveNet
from movenet.models.blazepose import PYRAMID_STAGES
from movenet.models.layers import SamePadConv2d
from movenet.models.mobilenet import LATERAL_STAGES

PICTURE = "picture"


@dataclass(frozen=True)
class Step:
    """One operation of a file.

    Attributes:
        kind: `conv`, `depthwise`, `pad` (one constant: [4, 2], before and after each axis), `add`, `resize`, `affine`
            (two constants: factor, summand), `sigmoid`, `argmax` or `gather`.
        name: of its result.
        inputs: results of other steps.
        constants: weights in torch's order, and bias.
        stride, activation: of a convolution; `none`, `relu` or `relu6`.
        padding: of a convolution; `same` or `valid`.
        size: of a resized map.
    """

    kind: str
    name: str
    inputs: tuple[str, ...]
    constants: tuple[np.ndarray, ...] = ()
    stride: int = 1
    activation: str = "none"
    padding: str = "same"
    size: int = 0


@dataclass
class _Recorder:
    steps: list[Step] = field(default_factory=list)

    def add(self, kind: str, *inputs: str, **values: Any) -> str:
        step = Step(kind, f"{kind}_{len(self.steps)}", inputs, **values)
        self.steps.append(step)
        return step.name

    def convolution(self, module: nn.Module, tensor: str) -> str:
        layers = [module] if isinstance(module, nn.Conv2d) else list(module.children())
        activation = {nn.ReLU: "relu", nn.ReLU6: "relu6"}.get(type(layers[-1]), "none")
        folded = layers[0]
        if len(layers) > 1:
            folded = fuse_conv_bn_eval(layers[0].double(), layers[1].double())  # type: ignore[type-var, arg-type]
        kind = "depthwise" if folded.groups > 1 else "conv"
        constants = [folded.weight] if folded.bias is None else [folded.weight, folded.bias]
        arrays = tuple(constant.detach().float().numpy() for constant in constants)
        padding = "same"
        if folded.stride[0] > 1 and not isinstance(layers[0], SamePadConv2d):
            before = folded.padding[0]
            around = np.array([[0, 0], [before, before], [before, before], [0, 0]], np.int32)
            tensor, padding = self.add("pad", tensor, constants=(around,)), "valid"
        return self.add(kind, tensor, constants=arrays, stride=folded.stride[0], activation=activation, padding=padding)

    def stages(self, backbone: nn.Module, tensor: str) -> list[str]:
        """Of inverted residuals; what each stage makes."""
        made = []
        for stage in backbone.stages:
            for block in stage:
                start = tensor
                for module in block.layers:
                    tensor = self.convolution(module, tensor)
                tensor = self.add("add", start, tensor) if block.has_shortcut else tensor
            made.append(tensor)
        return made


def operations(network: MoveNet, input_size: int, extra_heads: int = 0) -> list[Step]:
    """What a published file of this network holds.

    Args:
        network: a `lightning` or `thunder`; its weights are turned to float64 and back.
        input_size: of the pictures.
        extra_heads: how many heads more, as in a multi-pose model.
    """
    recorder = _Recorder()
    backbone, pyramid, heads = network.backbone, network.pyramid, network.heads
    constants = (np.full(3, 1 / 127.5, np.float32), np.full(3, -1.0, np.float32))
    tensor = recorder.convolution(backbone.stem, recorder.add("affine", PICTURE, constants=constants))
    made = recorder.stages(backbone, tensor)
    tensor = recorder.convolution(pyramid.top, recorder.convolution(backbone.last, made[-1]))
    levels = zip(pyramid.laterals, pyramid.smooth, [made[stage] for stage in reversed(LATERAL_STAGES)], strict=True)
    for level, (lateral, smooth, feature) in enumerate(levels):
        larger = recorder.add("resize", tensor, size=input_size // 16 * 2**level)
        tensor = recorder.add("add", larger, recorder.convolution(lateral, feature))
        for module in smooth:
            tensor = recorder.convolution(module, tensor)
    ends = {}
    # Offset first: the order in the file must not matter.
    for name in ("offset", "heatmap", "reg", "center", *["center"] * extra_heads):
        ends[name] = _head(recorder, getattr(heads, name), tensor, y_first=name in ("reg", "offset"))
    _decode(recorder, **ends)
    network.float()
    return recorder.steps


def landmark_operations(network: MoveNet, input_size: int, heatmaps: nn.Conv2d) -> list[Step]:
    """What a published BlazePose holds up to its heatmaps, and the beginning of its landmarks' regression.

    Args:
        network: a `blazepose_lite` or `blazepose_full`; its weights are turned to float64 and back.
        input_size: of the pictures.
        heatmaps: from the pyramid's map to BlazePose's heatmaps.
    """
    recorder = _Recorder()
    backbone, pyramid = network.backbone, network.pyramid
    made = recorder.stages(backbone, recorder.convolution(backbone.stem, PICTURE))
    tensor = made[-1]
    for module in pyramid.widen:
        tensor = recorder.convolution(module, tensor)
    # Two branches that begin alike: to the landmarks' regression, and up the pyramid.
    recorder.convolution(network.heads.reg[1], recorder.convolution(network.heads.reg[0], tensor))
    for module in pyramid.top:
        tensor = recorder.convolution(module, tensor)
    levels = [made[stage] for stage in reversed(PYRAMID_STAGES[:-1])]
    for level, (lateral, feature) in enumerate(zip(pyramid.laterals, levels, strict=True)):
        larger = recorder.add("resize", tensor, size=input_size // 16 * 2**level)
        for module in lateral:
            feature = recorder.convolution(module, feature)
        tensor = recorder.add("add", larger, feature)
    recorder.convolution(heatmaps, tensor)
    network.float()
    return recorder.steps


def _head(recorder: _Recorder, head: nn.Sequential, tensor: str, y_first: bool) -> str:
    for module in head:
        tensor = recorder.convolution(module, tensor)
    if y_first:
        last = recorder.steps[-1]
        recorder.steps[-1] = replace(last, constants=tuple(_pairs_swapped(values) for values in last.constants))
    return tensor


def _pairs_swapped(values: np.ndarray) -> np.ndarray:
    order = np.arange(len(values)).reshape(-1, 2)[:, ::-1].ravel()
    return values[order]


def _decode(recorder: _Recorder, heatmap: str, center: str, reg: str, offset: str) -> None:
    scores = recorder.add("sigmoid", heatmap)
    cell = recorder.add("argmax", recorder.add("sigmoid", center))
    near = recorder.add("gather", reg, cell)
    recorder.add("gather", offset, recorder.add("argmax", recorder.add("add", scores, near)))


def random_network(network: MoveNet) -> MoveNet:
    """The network with lively heads and batch norms that have seen something; in eval mode."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            nn.init.normal_(module.running_mean, std=0.1)  # type: ignore[arg-type]
            nn.init.uniform_(module.running_var, 0.5, 2.0)  # type: ignore[arg-type]
            nn.init.normal_(module.bias, std=0.1)
    for head in (network.heads.heatmap, network.heads.center, network.heads.reg, network.heads.offset):
        nn.init.normal_(head[-1].weight, std=0.3)
        nn.init.normal_(head[-1].bias)
    return network.eval()


def heads_of(network: MoveNet, input_size: int) -> list[np.ndarray]:
    """The four heads of a picture of noise."""
    picture = np.random.default_rng(0).integers(0, 256, (1, 3, input_size, input_size)).astype(np.float32)
    with torch.inference_mode():
        return [head.numpy() for head in network(torch.from_numpy(picture))]


# --- TensorFlow.js ---------------------------------------------------------------------------------------------------

_TF_ACTIVATIONS = {"none": [], "relu": ["Relu"], "relu6": ["Relu6"]}


def write_tfjs(folder: Path, steps: list[Step], input_size: int, stored: str = "float32") -> Path:
    """A graph model in `folder`, with its constants in two shards.

    Args:
        stored: `float32`, `float16`, `uint16` or `uint8`: what the weights are stored as.
    """
    size = {"dim": [{"size": str(n)} for n in (1, input_size, input_size, 3)]}
    nodes: list[dict[str, Any]] = [{"name": PICTURE, "op": "Placeholder", "attr": {"shape": {"shape": size}}}]
    weights: dict[str, np.ndarray] = {}
    for step in steps:
        nodes += _tfjs_nodes(step, weights)
    nodes += [{"name": name, "op": "Const", "attr": {}} for name in weights]
    entries, content = _tfjs_constants(weights, stored)
    middle = len(content) // 2
    (folder / "shard1.bin").write_bytes(content[:middle])
    (folder / "shard2.bin").write_bytes(content[middle:])
    manifest = [{"paths": ["shard1.bin", "shard2.bin"], "weights": entries}]
    model = {"format": "graph-model", "modelTopology": {"node": nodes}, "weightsManifest": manifest}
    path = folder / "model.json"
    path.write_text(json.dumps(model))
    return path


def _tfjs_nodes(step: Step, weights: dict[str, np.ndarray]) -> list[dict[str, Any]]:
    name, inputs = step.name, list(step.inputs)
    if step.kind == "affine":
        weights |= {f"{name}/factor": step.constants[0], f"{name}/summand": step.constants[1]}
        product = {"name": f"{name}/mul", "op": "Mul", "input": [*inputs, f"{name}/factor"], "attr": {}}
        return [product, {"name": name, "op": "AddV2", "input": [f"{name}/mul", f"{name}/summand"], "attr": {}}]
    if step.kind in ("conv", "depthwise"):
        return [_tfjs_convolution(step, weights)]
    ops = {"add": "AddV2", "resize": "ResizeBilinear", "sigmoid": "Sigmoid", "argmax": "ArgMax", "gather": "GatherNd"}
    attributes = {"half_pixel_centers": {"b": True}} if step.kind == "resize" else {}
    return [{"name": name, "op": ops[step.kind], "input": inputs, "attr": attributes}]


def _tfjs_convolution(step: Step, weights: dict[str, np.ndarray]) -> dict[str, Any]:
    depthwise = step.kind == "depthwise"
    weight, *bias = step.constants
    weights[f"{step.name}/weights"] = weight.transpose(2, 3, 0, 1) if depthwise else weight.transpose(2, 3, 1, 0)
    inputs = [*step.inputs, f"{step.name}/weights"]
    if bias:
        weights[f"{step.name}/bias"] = bias[0]
        inputs.append(f"{step.name}/bias")
    fused = [_encoded(name) for name in ["BiasAdd"] * len(bias) + _TF_ACTIVATIONS[step.activation]]
    attributes = {
        "strides": {"list": {"i": ["1", str(step.stride), str(step.stride), "1"]}},
        "padding": {"s": _encoded("SAME")},
        "data_format": {"s": _encoded("NHWC")},
        "fused_ops": {"list": {"s": fused}},
    }
    op = "FusedDepthwiseConv2dNative" if depthwise else "_FusedConv2D"
    return {"name": step.name, "op": op, "input": inputs, "attr": attributes}


def _encoded(text: str) -> str:
    return b64encode(text.encode()).decode()


def _tfjs_constants(weights: dict[str, np.ndarray], stored: str) -> tuple[list[dict[str, Any]], bytes]:
    entries, contents = [], []
    for name, values in weights.items():
        entry: dict[str, Any] = {"name": name, "shape": list(values.shape), "dtype": "float32"}
        # Only what is large is stored in few bits.
        if stored == "float16" and values.ndim == 4:
            entry["quantization"] = {"dtype": "float16", "original_dtype": "float32"}
            values = values.astype(np.float16)
        elif stored != "float32" and values.ndim == 4:
            low, high = float(values.min()), float(values.max())
            scale = (high - low) / np.iinfo(stored).max
            entry["quantization"] = {"dtype": stored, "min": low, "scale": scale, "original_dtype": "float32"}
            values = np.round((values - low) / scale).astype(stored)
        entries.append(entry)
        contents.append(np.ascontiguousarray(values).tobytes())
    return entries, b"".join(contents)


# --- ONNX ------------------------------------------------------------------------------------------------------------


def write_onnx(folder: Path, steps: list[Step], input_size: int) -> Path:
    """An ONNX file as tf2onnx makes it: the picture is [1, y, x, 3], what follows [1, channels, y, x]."""
    weights: dict[str, np.ndarray] = {"zero": np.float32(0), "six": np.float32(6)}  # type: ignore[dict-item]
    nodes = []
    for step in steps:
        nodes += _onnx_nodes(step, weights)
    picture = onnx.helper.make_tensor_value_info(PICTURE, onnx.TensorProto.FLOAT, [1, input_size, input_size, 3])
    result = onnx.helper.make_tensor_value_info(steps[-1].name, onnx.TensorProto.FLOAT, None)
    tensors = [onnx.numpy_helper.from_array(np.asarray(values), name) for name, values in weights.items()]
    graph = onnx.helper.make_graph(nodes, "published", [picture], [result], tensors)
    path = folder / "model.onnx"
    onnx.save(onnx.helper.make_model(graph, opset_imports=[onnx.helper.make_opsetid("", 17)]), str(path))
    return path


def _onnx_nodes(step: Step, weights: dict[str, np.ndarray]) -> list[onnx.NodeProto]:
    make, name, inputs = onnx.helper.make_node, step.name, list(step.inputs)
    if step.kind == "affine":
        weights |= {f"{name}/factor": step.constants[0], f"{name}/summand": step.constants[1]}
        return [
            make("Mul", [*inputs, f"{name}/factor"], [f"{name}/mul"]),
            make("Add", [f"{name}/mul", f"{name}/summand"], [f"{name}/add"]),
            make("Transpose", [f"{name}/add"], [name], perm=[0, 3, 1, 2]),
        ]
    if step.kind in ("conv", "depthwise"):
        return _onnx_convolution(step, weights)
    if step.kind == "resize":
        weights[f"{name}/scales"] = np.array([1, 1, 2, 2], np.float32)
        mode = {"mode": "linear", "coordinate_transformation_mode": "half_pixel"}
        return [make("Resize", [*inputs, "", f"{name}/scales"], [name], **mode)]
    ops = {"add": "Add", "sigmoid": "Sigmoid", "argmax": "ArgMax", "gather": "GatherND"}
    return [make(ops[step.kind], inputs, [name])]


def _onnx_convolution(step: Step, weights: dict[str, np.ndarray]) -> list[onnx.NodeProto]:
    name, weight = step.name, step.constants[0]
    constants = [f"{name}/weights", f"{name}/bias"][: len(step.constants)]
    weights |= dict(zip(constants, step.constants, strict=True))
    near = max(weight.shape[2] - step.stride, 0) // 2
    far = max(weight.shape[2] - step.stride, 0) - near
    groups = len(weight) if step.kind == "depthwise" else 1
    attributes = {"strides": [step.stride] * 2, "pads": [near, near, far, far], "group": groups}
    raw = name if step.activation == "none" else f"{name}/raw"
    nodes = [onnx.helper.make_node("Conv", [*step.inputs, *constants], [raw], **attributes)]
    if step.activation == "relu":
        nodes.append(onnx.helper.make_node("Relu", [raw], [name]))
    elif step.activation == "relu6":
        nodes.append(onnx.helper.make_node("Clip", [raw, "zero", "six"], [name]))
    return nodes
