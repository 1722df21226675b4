"""The teacher of a run: a frozen network that answers for the same crops as the student."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from movenet.errors import ConfigError
from movenet.losses import DistillationConfig, feature_loss, head_losses
from movenet.models.checkpoint import NetworkSpec, load_network
from movenet.models.fold import fold_batch_norms
from movenet.models.heads import Heads


class Teacher:
    """Gives the distillation's losses.

    No `nn.Module`, so that a training module that holds one neither trains nor saves it.

    Args:
        config: names the checkpoint, and holds the weights.
        student: its keypoints must be the teacher's.

    Raises:
        ModelError: if the checkpoint cannot be read.
        ConfigError: if its keypoints are others.
    """

    def __init__(self, config: DistillationConfig, student: NetworkSpec) -> None:
        assert config.teacher is not None
        network, spec = load_network(config.teacher)
        if spec.skeleton.names != student.skeleton.names:
            raise ConfigError(f"{config.teacher}: the teacher's keypoints are not those of this run")
        self._config = config
        self._network = fold_batch_norms(network).to(memory_format=torch.channels_last)  # type: ignore[call-overload]

    @property
    def feature_channels(self) -> int:
        return self._network.pyramid.out_channels

    def to(self, device: torch.device) -> None:
        """Move it beside the student."""
        self._network.to(device)

    def losses(self, image: Tensor, features: Tensor, heads: Heads, adapter: nn.Module) -> dict[str, Tensor]:
        """One scalar a loss, each already weighed.

        Args:
            image: float RGB [N, 3, S, S], 0..255, what the student saw.
            features: the student's, [N, C, G, G].
            heads: the student's, float32.
            adapter: from the student's feature channels to the teacher's.
        """
        with torch.no_grad():
            teacher_features = self._network.features(image)
            teacher_heads = Heads(*(head.float() for head in self._network.heads(teacher_features)))
        losses = head_losses(heads, teacher_heads, self._config)
        if self._config.features > 0:
            distance = feature_loss(adapter(features).float(), teacher_features.float())
            losses["distil_features"] = self._config.features * distance
        return losses
