"""The teachers of a run: frozen networks that answer for the same crops as the student."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

import torch
from torch import Tensor, nn

from movenet.decoding.batched import decode_batch
from movenet.errors import ConfigError
from movenet.losses import DistillationConfig, feature_loss, head_losses
from movenet.models import MoveNet
from movenet.models.checkpoint import NetworkSpec, load_network
from movenet.models.fold import fold_batch_norms
from movenet.models.heads import Heads
from movenet.models.maps import mirror_heads, resample, resample_heads
from movenet.skeleton import Skeleton
from movenet.training.teacher_network import OpenVinoTeacher, TeacherNetwork, TorchTeacher


class Answer(NamedTuple):
    """What a teacher says of a batch of crops.

    Attributes:
        heads: float32, on the student's grid.
        features: of the teacher's pyramid, on the student's grid.
        trust: [N, K], 0..1: how far to believe it, a keypoint.
    """

    heads: Heads
    features: Tensor
    trust: Tensor


class Teachers:
    """Gives the distillation's losses, the mean over the teachers.

    No `nn.Module`, so that a training module that holds one neither trains nor saves the teachers.

    Args:
        config: names the checkpoints, and holds the weights.
        student: its keypoints must be the teachers'.

    Raises:
        ModelError: if a checkpoint cannot be read.
        ConfigError: if its keypoints are others, or what is to compute it is not installed.
    """

    def __init__(self, config: DistillationConfig, student: NetworkSpec) -> None:
        self._config = config
        self._skeleton = student.skeleton
        computed_by = OpenVinoTeacher if config.openvino else TorchTeacher
        self._networks: list[TeacherNetwork] = [
            computed_by(load_teacher(path, student.skeleton)[0]) for path in config.teachers
        ]

    def __deepcopy__(self, _memo: dict[int, object]) -> Teachers:
        """Itself: a moving average of the student has the same teachers."""
        return self

    def adapters(self, student_channels: int) -> nn.ModuleList:
        """From the student's feature channels to each teacher's; trained with the student."""
        return nn.ModuleList(_adapter(student_channels, network.fine_channels) for network in self._networks)

    def to(self, device: torch.device) -> None:
        """Move them beside the student; `ConfigError` if they cannot."""
        for network in self._networks:
            network.to(device)

    def losses(self, view: Tensor, features: Tensor, heads: Heads, adapters: nn.ModuleList) -> dict[str, Tensor]:
        """One scalar a loss, each already weighed.

        Args:
            view: float RGB [N, 3, V, V], 0..255, the same crops as the student saw, of any size.
            features: the student's, [N, C, G, G].
            heads: the student's, float32.
            adapters: as `adapters` made them.
        """
        found = []
        for network, adapter in zip(self._networks, adapters, strict=True):
            answer = self._ask(network, view, grid_size=features.shape[-1])
            losses = head_losses(heads, answer.heads, answer.trust, self._config)
            if self._config.features > 0:
                distance = feature_loss(adapter(features).float(), answer.features)
                losses["distil_features"] = self._config.features * distance
            found.append(losses)
        return {name: torch.stack([losses[name] for losses in found]).mean() for name in found[0]}

    @torch.no_grad()
    def _ask(self, network: TeacherNetwork, view: Tensor, grid_size: int) -> Answer:
        fine, heads = network(view)
        points = decode_batch(*heads)
        trust = points[..., 2].clamp(0.0, 1.0)
        if self._config.mirror:
            mirrored = mirrored_answer(lambda images: network(images).heads, view, self._skeleton)
            distance = torch.linalg.vector_norm(points[..., :2] - decode_batch(*mirrored)[..., :2], dim=-1)
            trust = trust * torch.exp(-torch.square(distance / self._config.disagreement_unit))
            heads = Heads(*((plain + other) / 2 for plain, other in zip(heads, mirrored, strict=True)))
        return Answer(resample_heads(heads, grid_size), resample(fine, grid_size), trust)


def _adapter(student_channels: int, teacher_channels: int) -> nn.Sequential:
    # A trained student's features may be far larger than a teacher's: without the norm, it would first have to shrink
    # them, and forget what they say.
    return nn.Sequential(
        nn.BatchNorm2d(student_channels, affine=False), nn.Conv2d(student_channels, teacher_channels, 1)
    )


def mirrored_answer(network: Callable[[Tensor], Heads], images: Tensor, skeleton: Skeleton) -> Heads:
    """What a network says of the mirrored pictures [N, 3, S, S], as if it had said it of the pictures; float32."""
    return mirror_heads(Heads(*(head.float() for head in network(images.flip(-1)))), skeleton)


def load_teacher(path: str, skeleton: Skeleton) -> tuple[MoveNet, NetworkSpec]:
    """A frozen network that answers for a run's keypoints.

    Raises:
        ModelError: if the checkpoint cannot be read.
        ConfigError: if its keypoints are others.
    """
    network, spec = load_network(path)
    if spec.skeleton.names != skeleton.names:
        raise ConfigError(f"{path}: the teacher's keypoints are not those of this run")
    return fold_batch_norms(network).to(memory_format=torch.channels_last), spec  # type: ignore[call-overload]
