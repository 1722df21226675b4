"""The network in torch itself (the `train` extra): the reference that the other run-times are compared with."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import torch

from movenet.metadata import CHECKPOINT_FILE, ModelMetadata, Shape
from movenet.models import MoveNet, NetworkSpec, load_network
from movenet.runtimes.base import HeadArrays, check_image, named_heads, to_planes


class TorchRuntime:
    """A checkpoint file, or a model folder's `checkpoint.ckpt`.

    The number of threads is set for all of torch in this process: it knows no other way.

    Raises:
        ModelError: if it is neither, or broken.
    """

    def __init__(self, weights: Path, num_threads: int = 1) -> None:
        torch.set_num_threads(num_threads)
        if weights.is_dir():
            self.metadata = ModelMetadata.load(weights, (CHECKPOINT_FILE,))
            self._network, _ = load_network(weights / CHECKPOINT_FILE)
        else:
            self._network, spec = load_network(weights)
            self.metadata = describe(self._network, spec)

    def __call__(self, image: np.ndarray) -> HeadArrays:
        check_image(image, self.metadata)
        with torch.inference_mode():
            heads = self._network(torch.from_numpy(to_planes(image)))
        arrays = {name: head[0].contiguous().numpy() for name, head in heads._asdict().items()}
        return named_heads(arrays, self.metadata)


def describe(network: MoveNet, spec: NetworkSpec) -> ModelMetadata:
    """The metadata of a network that has no exported files (yet)."""
    with torch.inference_mode():
        heads = network(torch.zeros(1, 3, spec.input_size, spec.input_size))
    outputs: dict[str, Shape] = {name: tuple(head.shape[1:]) for name, head in heads._asdict().items()}
    return ModelMetadata(spec.model, spec.skeleton, spec.input_size, spec.probability, outputs)
