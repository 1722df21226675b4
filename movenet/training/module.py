"""The Lightning module: a step, the dev set's figures, the optimiser."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import torch
from lightning import LightningModule
from torch import Tensor, nn

from movenet.data.dataset import Batch
from movenet.data.targets import encode_targets
from movenet.decoding.batched import decode_batch
from movenet.errors import DataError
from movenet.losses import PoseLoss
from movenet.metrics.evaluation import EvaluationPerson, compute_metrics
from movenet.models.checkpoint import SPEC_KEY, NetworkSpec
from movenet.models.heads import Heads
from movenet.models.network import HEATMAP_STRIDE, MoveNet
from movenet.training.config import RunConfig
from movenet.training.teacher import Teacher
from movenet.training.validation import ValidationSample, to_picture_pixels

# The figure that the best checkpoint is chosen by.
MONITORED = "dev/oks_ap"


class PoseModule(LightningModule):
    """Trains one network.

    Args:
        network: to train.
        spec: its description, kept in every checkpoint.
        config: of the run.
        dev_persons: the persons of the dev loader, in its order.
        samples_per_epoch: of the training loader, for the share of unreadable pictures.
        teacher: to distil from, or None.
    """

    def __init__(
        self,
        network: MoveNet,
        spec: NetworkSpec,
        config: RunConfig,
        dev_persons: list[EvaluationPerson],
        samples_per_epoch: int,
        teacher: Teacher | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self._spec = spec
        self._config = config
        self._dev_persons = dev_persons
        self._dev_points_px: list[np.ndarray] = []
        self._loss = PoseLoss(config.loss, spec.skeleton)
        self._max_skipped = config.data.max_bad_share * samples_per_epoch
        self._num_skipped = 0
        self._teacher = teacher
        self._adapter = nn.Identity() if teacher is None else self._make_adapter(teacher)

    def _make_adapter(self, teacher: Teacher) -> nn.Module:
        return nn.Conv2d(self.network.pyramid.out_channels, teacher.feature_channels, 1)

    def on_fit_start(self) -> None:
        if self._teacher is not None:
            self._teacher.to(self.device)

    def on_train_epoch_start(self) -> None:
        self._num_skipped = 0

    def training_step(self, batch: Batch, _index: int) -> Tensor:
        samples = batch.samples
        self._count_skipped(batch.num_skipped)
        image = self._network_input(samples.image)
        features = self.network.features(image)
        heads = Heads(*(head.float() for head in self.network.heads(features)))
        targets = encode_targets(
            samples.points_unit,
            samples.labelled,
            samples.size_unit,
            samples.ignored,
            self._spec.input_size // HEATMAP_STRIDE,
            self._config.targets,
        )
        losses = self._loss(heads, targets)
        if self._teacher is not None:
            losses |= self._teacher.losses(image, features, heads, self._adapter)
        total = torch.stack(list(losses.values())).sum()
        logged = {f"train/{name}": value.detach() for name, value in losses.items()}
        self.log_dict(logged, on_step=False, on_epoch=True, batch_size=len(samples.image))
        self.log("loss", total.detach(), prog_bar=True, batch_size=len(samples.image))
        return total

    def validation_step(self, batch: ValidationSample, _index: int) -> None:
        heads = self.network(self._network_input(batch.image))
        decoded = decode_batch(*(head.float() for head in heads))
        self._dev_points_px.append(to_picture_pixels(decoded, batch.corner_and_side_px))

    def on_validation_epoch_end(self) -> None:
        points_px = np.concatenate(self._dev_points_px)
        self._dev_points_px.clear()
        metrics = compute_metrics(self._dev_persons, points_px, self._spec.skeleton).to_dict()
        for key in ("pck_5px", "pck_torso_0.2", "oks_ap"):
            value = metrics[key]
            self.log(f"dev/{key}", float("nan") if value is None else value, prog_bar=key == "oks_ap", sync_dist=True)

    def configure_optimizers(self) -> Any:
        optimisation = self._config.optimisation
        optimiser = torch.optim.AdamW(_decayed_and_not(self, optimisation.weight_decay), lr=optimisation.learning_rate)
        steps = int(self.trainer.estimated_stepping_batches)
        schedule = torch.optim.lr_scheduler.LambdaLR(
            optimiser, lambda step: learning_rate_factor(step, steps, optimisation.warmup_share)
        )
        return {"optimizer": optimiser, "lr_scheduler": {"scheduler": schedule, "interval": "step"}}

    def on_save_checkpoint(self, checkpoint: dict[str, Any]) -> None:
        checkpoint[SPEC_KEY] = self._spec.to_dict()

    def _network_input(self, image: Tensor) -> Tensor:
        """uint8 [N, 3, S, S] -> float, in the memory layout of the config."""
        layout = torch.channels_last if self._config.hardware.channels_last else torch.contiguous_format
        return image.float().contiguous(memory_format=layout)

    def _count_skipped(self, number: int) -> None:
        self._num_skipped += number
        if self._num_skipped > self._max_skipped:
            raise DataError(
                f"{self._num_skipped} pictures of this epoch could not be read, more than the share of "
                f"{self._config.data.max_bad_share:g} that data.max_bad_share allows; the warnings above name them"
            )


def learning_rate_factor(step: int, steps: int, warmup_share: float) -> float:
    """Share of the full learning rate at a step: a straight rise, then half a cosine down to 0."""
    warmup_steps = warmup_share * steps
    if step < warmup_steps:
        return (step + 1) / (warmup_steps + 1)
    progress = (step - warmup_steps) / (steps - warmup_steps)
    return 0.5 * (1.0 + math.cos(math.pi * min(1.0, progress)))


def _decayed_and_not(module: nn.Module, weight_decay: float) -> list[dict[str, Any]]:
    """Parameter groups: kernels decay; biases and batch norms, which have one dimension, do not."""
    parameters = list(module.parameters())
    return [
        {"params": [p for p in parameters if p.ndim > 1], "weight_decay": weight_decay},
        {"params": [p for p in parameters if p.ndim <= 1], "weight_decay": 0.0},
    ]
