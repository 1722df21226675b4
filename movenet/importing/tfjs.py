"""TensorFlow.js graph models: `model.json` and the binary shards that it names.

The json holds the graph (TensorFlow's GraphDef, written as json) and a manifest of the constants, which stand one after
another in the shards of their group. A constant may be stored as float16, or as uint8 or uint16 with a scale and a
minimum.
"""

from __future__ import annotations

import base64
import json
import math
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from movenet.errors import ModelError
from movenet.importing.graph import (
    RELU,
    RELU6,
    UNCLIPPED,
    Add,
    Clip,
    Convolution,
    Graph,
    Node,
    Operation,
    Other,
    Pass,
    Resize,
    Sigmoid,
    affine,
    same_pads,
)

_STORED_TYPES = {"float32": "<f4", "float16": "<f2", "int32": "<i4", "uint16": "<u2", "uint8": "u1", "bool": "u1"}
_ARITHMETIC = {"Add": "add", "AddV2": "add", "BiasAdd": "add", "Sub": "sub", "Mul": "mul", "RealDiv": "div"}
_PASSES = {"Cast", "Identity", "Reshape", "Squeeze", "ExpandDims", "Unpack", "Pack", "Transpose"}
_CONVOLUTIONS = {"Conv2D", "_FusedConv2D"}
_DEPTHWISE = {"DepthwiseConv2dNative", "FusedDepthwiseConv2dNative"}
_ACTIVATIONS = {"Relu": RELU, "Relu6": RELU6}

_Json = Mapping[str, Any]


def read_tfjs(path: Path) -> Graph:
    """Read a `model.json`.

    Raises:
        ModelError: if it is no graph model, or a shard is missing or of the wrong size.
    """
    try:
        model = json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise ModelError(f"not a model: its json is broken ({error})") from error
    if not isinstance(model, dict) or not {"modelTopology", "weightsManifest"} <= model.keys():
        raise ModelError("not a TensorFlow.js model: it has no 'modelTopology' and 'weightsManifest'")
    if "node" not in model["modelTopology"]:
        raise ModelError("a TensorFlow.js layers model; only graph models ('format': 'graph-model') can be imported")
    try:
        constants = _read_constants(path.parent, model["weightsManifest"])
        return _read_graph(model["modelTopology"]["node"], constants)
    except (KeyError, TypeError, ValueError, AttributeError, IndexError) as error:
        raise ModelError(f"a broken TensorFlow.js model ({error!r})") from error


def _read_constants(folder: Path, manifest: list[_Json]) -> dict[str, np.ndarray]:
    constants: dict[str, np.ndarray] = {}
    for group in manifest:
        content = b"".join(_read_shard(folder / name) for name in group["paths"])
        constants |= _split(content, group["weights"], ", ".join(group["paths"]))
    return constants


def _read_shard(path: Path) -> bytes:
    if not path.is_file():
        raise ModelError(f"the shard '{path.name}', which its manifest names, is missing: copy it beside the json file")
    return path.read_bytes()


def _split(content: bytes, entries: list[_Json], shards: str) -> dict[str, np.ndarray]:
    """One group's shards -> its constants."""
    types = [_stored_type(entry) for entry in entries]
    counts = [math.prod(entry["shape"]) for entry in entries]
    needed = sum(count * stored.itemsize for count, stored in zip(counts, types, strict=True))
    if len(content) != needed:
        what = "truncated" if len(content) < needed else "of another model"
        raise ModelError(f"{shards}: {len(content)} bytes, but the manifest describes {needed}: {what}; copy it again")
    constants, start = {}, 0
    for entry, stored, count in zip(entries, types, counts, strict=True):
        values = np.frombuffer(content, stored, count, start)
        constants[entry["name"]] = _dequantised(values, entry.get("quantization", {})).reshape(entry["shape"])
        start += count * stored.itemsize
    return constants


def _stored_type(entry: _Json) -> np.dtype:
    name = entry.get("quantization", entry)["dtype"]
    if name not in _STORED_TYPES:
        raise ModelError(f"the constant '{entry['name']}' is stored as '{name}'; known: {', '.join(_STORED_TYPES)}")
    return np.dtype(_STORED_TYPES[name])


def _dequantised(values: np.ndarray, quantization: _Json) -> np.ndarray:
    if "scale" in quantization:
        return (values * quantization["scale"] + quantization["min"]).astype(np.float32)
    return values.astype(np.float32) if values.dtype == np.float16 else values


def _read_graph(nodes: list[_Json], constants: Mapping[str, np.ndarray]) -> Graph:
    pictures = [node for node in nodes if node["op"] == "Placeholder"]
    if len(pictures) != 1:
        raise ModelError(f"a model with {len(pictures)} inputs, not with one picture")
    calculations = [node for node in nodes if node["op"] not in ("Placeholder", "Const", "NoOp")]
    return Graph(
        input_name=pictures[0]["name"],
        input_size=_input_size(pictures[0]),
        nodes=tuple(_read_node(node, constants) for node in calculations),
    )


def _input_size(placeholder: _Json) -> int | None:
    """The height of [N, y, x, 3]; -1 stands for "any"."""
    sizes = [int(size["size"]) for size in placeholder["attr"]["shape"]["shape"].get("dim", [])]
    return sizes[1] if len(sizes) == 4 and sizes[1] > 0 else None


def _read_node(node: _Json, constants: Mapping[str, np.ndarray]) -> Node:
    # "^name" is a control input: an order, not a value. "name:1" is a node's second result; all of a node's results
    # are one tensor here, which is all that the order of calculation needs.
    inputs = [name.split(":")[0] for name in node.get("input", []) if not name.startswith("^")]
    pictures = tuple(name for name in inputs if name not in constants)
    return Node(_read_operation(node, inputs, constants), pictures, (node["name"],))


def _read_operation(node: _Json, inputs: list[str], constants: Mapping[str, np.ndarray]) -> Operation:
    kind = node["op"]
    fixed = [constants[name] for name in inputs if name in constants]
    if kind in _CONVOLUTIONS | _DEPTHWISE and len(inputs) - len(fixed) == 1:
        return _read_convolution(node, fixed)
    if kind in _ARITHMETIC and len(inputs) == 2 and len(fixed) == 1:
        return affine(_ARITHMETIC[kind], fixed[0], constant_first=inputs[0] in constants)
    if kind in ("Add", "AddV2") and not fixed:
        return Add()
    if kind == "ResizeBilinear":
        return Resize(half_pixel_centers=_flag(node, "half_pixel_centers") and not _flag(node, "align_corners"))
    if kind in _PASSES:
        return Pass()
    return Sigmoid() if kind == "Sigmoid" else _ACTIVATIONS.get(kind, Other(kind))


def _read_convolution(node: _Json, constants: list[np.ndarray]) -> Operation:
    attributes = node["attr"]
    # [y, x, inputs, outputs], or depthwise [y, x, inputs, 1].
    stored, *biases = constants
    depthwise = node["op"] in _DEPTHWISE
    weight = stored.transpose(2, 3, 0, 1) if depthwise else stored.transpose(3, 2, 0, 1)
    strides = [int(stride) for stride in attributes["strides"]["list"]["i"]]
    clip = _fused_clip(attributes)
    if clip is None or len(biases) > 1 or strides[1] != strides[2] or not _is_plain(attributes):
        return Other(node["op"])
    is_same = _text(attributes["padding"]["s"]) == "SAME"
    convolution = Convolution(
        weight=weight,
        bias=biases[0] if biases else np.zeros(len(weight), np.float32),
        groups=stored.shape[2] if depthwise else 1,
        stride=strides[1],
        pads=same_pads(weight.shape[2:], strides[1]) if is_same else (0, 0),
    )
    return convolution.clipped(clip)


def _is_plain(attributes: _Json) -> bool:
    dilations = attributes.get("dilations", {}).get("list", {}).get("i", [])
    layout = _text(attributes["data_format"]["s"]) if "data_format" in attributes else "NHWC"
    return layout == "NHWC" and all(int(dilation) == 1 for dilation in dilations)


def _fused_clip(attributes: _Json) -> Clip | None:
    """The activation inside a convolution; None if it is not one of those that MoveNet uses."""
    fused = [_text(name) for name in attributes.get("fused_ops", {}).get("list", {}).get("s", [])]
    clip = UNCLIPPED
    for name in fused:
        if name in _ACTIVATIONS:
            clip = _ACTIVATIONS[name]
        elif name != "BiasAdd":
            return None
    return clip


def _text(encoded: str) -> str:
    return base64.b64decode(encoded).decode("ascii")


def _flag(node: _Json, name: str) -> bool:
    return bool(node["attr"].get(name, {}).get("b", False))
