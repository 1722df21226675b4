"""Checkpoints: what a trained network is, and how it is read back without running code from the file."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, cast

import torch

from movenet.errors import ModelError, MovenetError
from movenet.models.layers import ProbabilityName
from movenet.models.network import MoveNet
from movenet.models.registry import build
from movenet.skeleton import Skeleton

SPEC_KEY = "movenet_spec"
# Where Lightning keeps the training module's weights (the averaged ones, where the run averages), and the network's
# name within that module.
STATE_KEY = "state_dict"
NETWORK_PREFIX = "network."


@dataclass(frozen=True)
class NetworkSpec:
    """All that is needed to build a network's architecture again.

    Attributes:
        model: the preset's name.
        input_size: side of the input in pixels that it was trained at.
        probability: `sigmoid` or `cheap_sigmoid`.
        skeleton: its keypoints.
    """

    model: str
    input_size: int
    probability: ProbabilityName
    skeleton: Skeleton

    def build(self) -> MoveNet:
        return build(self.model, self.skeleton.num_keypoints, self.probability)

    def to_dict(self) -> dict[str, Any]:
        return asdict(self) | {"skeleton": self.skeleton.to_dict()}

    @classmethod
    def from_dict(cls, values: dict[str, Any]) -> NetworkSpec:
        return cls(
            model=str(values["model"]),
            input_size=int(values["input_size"]),
            probability=cast(ProbabilityName, values["probability"]),
            skeleton=Skeleton.from_dict(values["skeleton"]),
        )


def load_network(path: str | Path) -> tuple[MoveNet, NetworkSpec]:
    """Read a checkpoint, of a training run or written by `save_network`.

    Returns:
        The network in eval mode on the CPU, and its description.

    Raises:
        ModelError: if the file is missing, truncated, not a checkpoint of this project, or of another architecture.
    """
    content = read_checkpoint(path)
    try:
        spec = NetworkSpec.from_dict(content[SPEC_KEY])
        network = spec.build()
    except (KeyError, TypeError, ValueError, MovenetError) as error:
        raise ModelError(f"{path}: not a checkpoint of this project, or of an unknown architecture: {error}") from error
    try:
        network.load_state_dict(_network_state(content.get(STATE_KEY, {})))
    except RuntimeError as error:
        first = str(error).splitlines()[:2]
        raise ModelError(f"{path}: its weights do not fit the model '{spec.model}': {' '.join(first)}") from error
    return network.eval(), spec


def read_checkpoint(path: str | Path) -> dict[str, Any]:
    """The raw content of a checkpoint file, tensors and plain values only.

    Raises:
        ModelError: if the file is missing, truncated or no checkpoint.
    """
    if not Path(path).is_file():
        raise ModelError(f"{path}: no such checkpoint file")
    try:
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many types for a broken file
        raise ModelError(f"{path}: truncated, or not a checkpoint ({type(error).__name__})") from error
    if not isinstance(content, dict):
        raise ModelError(f"{path}: not a checkpoint of this project")
    return content


def _network_state(module_state: dict[str, Any]) -> dict[str, Any]:
    prefix = NETWORK_PREFIX
    return {key.removeprefix(prefix): value for key, value in module_state.items() if key.startswith(prefix)}


def save_network(path: str | Path, network: MoveNet, spec: NetworkSpec, half_kernels: bool = False) -> None:
    """Write weights and description only: small, and readable by `load_network`.

    Args:
        half_kernels: whether to store the convolutions' kernels in half precision; they are single again when loaded.
    """
    state = {NETWORK_PREFIX + key: value for key, value in network.state_dict().items()}
    if half_kernels:
        state = {key: value.half() if value.ndim > 1 else value for key, value in state.items()}
    torch.save({SPEC_KEY: spec.to_dict(), STATE_KEY: state}, path)
