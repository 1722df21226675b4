"""The Lightning module: a step, the figures of the dev set, what is kept."""

from __future__ import annotations

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
from movenet.models.network import MoveNet
from movenet.models.pyramid import HEATMAP_STRIDE
from movenet.training.config import RunConfig
from movenet.training.data_module import DEV
from movenet.training.optimiser import fix_first_parts, make_optimiser
from movenet.training.teacher import Teachers
from movenet.training.validation import ValidationSample, to_picture_pixels

# The figure that the best checkpoint is chosen by.
MONITORED = f"{DEV}/oks_ap"


class PoseModule(LightningModule):
    """Trains one network.

    Args:
        network: to train.
        spec: its description, kept in every checkpoint.
        config: of the run.
        evaluated: the persons of each validation loader, in its order, by the name that its figures are logged under.
        samples_per_epoch: of the training loader, for the share of unreadable pictures.
        teachers: to distil from, or None.
    """

    def __init__(
        self,
        network: MoveNet,
        spec: NetworkSpec,
        config: RunConfig,
        evaluated: dict[str, list[EvaluationPerson]],
        samples_per_epoch: int,
        teachers: Teachers | None = None,
    ) -> None:
        super().__init__()
        self.network = network
        self._spec = spec
        self._config = config
        self._evaluated = evaluated
        self._found_px: list[list[np.ndarray]] = [[] for _ in evaluated]
        self._loss = PoseLoss(config.loss, spec.skeleton)
        self._max_skipped = config.data.max_bad_share * samples_per_epoch
        self._num_skipped = 0
        self._fixed = fix_first_parts(network, config.optimisation.fixed_parts)
        self._teachers = teachers
        self._adapters = teachers.adapters(network.pyramid.channels.fine) if teachers else nn.ModuleList()

    def on_fit_start(self) -> None:
        if self._teachers is not None:
            self._teachers.to(self.device)

    def on_train_epoch_start(self) -> None:
        self._num_skipped = 0
        for part in self._fixed:
            part.eval()

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
            samples.center_known,
        )
        losses = self._loss(heads, targets)
        if self._teachers is not None:
            view = image if self._config.distil.view_size is None else self._network_input(samples.view)
            losses |= self._teachers.losses(view, features.fine, heads, self._adapters)
        total = torch.stack(list(losses.values())).sum()
        logged = {f"train/{name}": value.detach() for name, value in losses.items()}
        self.log_dict(logged, on_step=False, on_epoch=True, batch_size=len(samples.image))
        self.log("loss", total.detach(), prog_bar=True, batch_size=len(samples.image))
        return total

    def validation_step(self, batch: ValidationSample, _index: int, dataloader_idx: int = 0) -> None:
        heads = self.network(self._network_input(batch.image))
        decoded = decode_batch(*(head.float() for head in heads))
        self._found_px[dataloader_idx].append(to_picture_pixels(decoded, batch.corner_and_side_px))

    def on_validation_epoch_end(self) -> None:
        for (name, persons), found_px in zip(self._evaluated.items(), self._found_px, strict=True):
            metrics = compute_metrics(persons, np.concatenate(found_px), self._spec.skeleton).to_dict()
            found_px.clear()
            for key in ("pck_5px", "pck_torso_0.2", "oks_ap"):
                value = float("nan") if metrics[key] is None else metrics[key]
                self.log(f"{name}/{key}", value, prog_bar=key == "oks_ap", sync_dist=True)

    def configure_optimizers(self) -> Any:
        steps = int(self.trainer.estimated_stepping_batches)
        optimiser, schedule = make_optimiser(self.network, self._adapters, self._config.optimisation, steps)
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
