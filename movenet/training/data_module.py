"""The loaders of a run."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from lightning import LightningDataModule
from torch import Tensor
from torch.utils.data import DataLoader, Dataset

from movenet.data.cache import CropCache, open_cache
from movenet.data.dataset import CropDataset, Sample, collate
from movenet.data.device_crops import DeviceCrops, DrawnBatch, DrawnCrops, DrawnSample, collate_drawn
from movenet.data.entry_pictures import EntryPictures
from movenet.data.fitted_scales import fit_scales
from movenet.data.labels import TEACHER_CROP_SCALE
from movenet.data.regions import plan_regions
from movenet.data.sampler import WeightedEpochSampler
from movenet.data.sets import pose_balanced, read_set, training_entries
from movenet.metrics.evaluation import default_min_keypoints, select_persons
from movenet.models.checkpoint import NetworkSpec
from movenet.models.network import MoveNet
from movenet.training.config import RunConfig
from movenet.training.on_device import crops_on_device
from movenet.training.pseudo_labels import PseudoLabeller, labelling_network
from movenet.training.validation import ValidationDataset, ValidationSample
from movenet.training.workers import worker_options

# What the figures of the sets are logged under.
DEV = "dev"
WATCHED = "watched"


class PoseDataModule(LightningDataModule):
    """Training crops by the weights of their sets, and the persons of the sets that are evaluated.

    Args:
        config: of the run.
        spec: of the network.
        moving_average: gives the run's averaged network, to label unlabelled sets.

    Raises:
        MovenetError: if a set cannot be read or gives no person, or the teacher that is to label cannot be used.
    """

    def __init__(self, config: RunConfig, spec: NetworkSpec, moving_average: Callable[[], MoveNet]) -> None:
        super().__init__()
        self._config = config
        self._input_size = spec.input_size
        root = Path(config.data.root)
        entries, weights = training_entries(config.data.train, root, spec.skeleton)
        self._weights = pose_balanced(entries, weights, config.data.pose_balance, config.seed)
        self.samples_per_epoch = config.data.samples_per_epoch or len(entries)
        target = config.augmentation.fit_scale_to
        scales = None if target is None else fit_scales(target, entries, self._weights, root, spec.skeleton)
        view_size = config.distil.view_size if config.distil.teachers else None
        unlabelled = any(entry.unlabelled for entry in entries)
        labels_by = labelling_network(config, spec, moving_average) if unlabelled else None
        cache: CropCache | None = None
        if config.data.cache is not None:
            sizes = [spec.input_size] if view_size is None else [spec.input_size, view_size]
            varied = config.augmentation if scales is None else scales.with_range(config.augmentation)
            if labels_by is not None:
                sizes.append(labels_by.input_size)
                varied = varied.with_scale(TEACHER_CROP_SCALE)
            plan = plan_regions(entries, spec.skeleton, varied, sizes)
            cache = open_cache(Path(config.data.cache), plan, max(1, config.data.workers))
        self.labeller = None
        if labels_by is not None:
            self.labeller = PseudoLabeller(config, labels_by, spec.skeleton, entries, EntryPictures(entries, cache))
        self._training = CropDataset(
            entries,
            spec.skeleton,
            spec.input_size,
            config.data.max_persons,
            config.augmentation,
            config.seed,
            view_size,
            cache,
            scales,
            self.labeller.labels if self.labeller else None,
        )
        self._cache = cache
        self._on_device: tuple[DrawnCrops, DeviceCrops] | None = None
        sets = {DEV: config.data.dev} | ({WATCHED: config.data.watched} if config.data.watched else {})
        min_keypoints = default_min_keypoints(spec.skeleton)
        self.evaluated = {
            name: select_persons(read_set(source, root, spec.skeleton), "cropped", min_keypoints)
            for name, source in sets.items()
        }

    @property
    def num_training_persons(self) -> int:
        return len(self._training)

    def sample_images(self, number: int) -> Tensor:
        """Float [n, 3, S, S]: training crops spread over all persons, as the network is given them; n <= `number`."""
        indices = np.linspace(0, len(self._training) - 1, min(number, len(self._training))).astype(int)
        samples = (self._training[0, index] for index in indices.tolist())
        return torch.stack([sample.image for sample in samples if sample is not None]).float()

    def setup(self, stage: str) -> None:
        if stage == "fit" and self.trainer is not None:
            device = self.trainer.strategy.root_device
            self._on_device = crops_on_device(self._config.data.on_device, self._training, self._cache, device)

    def train_dataloader(self) -> DataLoader[Sample | None] | DataLoader[DrawnSample | None]:
        rank, world_size = (self.trainer.global_rank, self.trainer.world_size) if self.trainer else (0, 1)
        workers = self._config.data.workers
        dataset: Dataset[Any] = self._training if self._on_device is None else self._on_device[0]
        return DataLoader(
            dataset,
            batch_size=self._config.optimisation.batch_size,
            sampler=WeightedEpochSampler(
                self._weights,
                self.samples_per_epoch,
                self._config.seed,
                rank,
                world_size,
                self.labeller.label if self.labeller else None,
            ),
            collate_fn=collate if self._on_device is None else collate_drawn,
            drop_last=self.samples_per_epoch >= self._config.optimisation.batch_size * world_size,
            persistent_workers=workers > 0,
            prefetch_factor=4 if workers else None,
            **worker_options(workers),
        )

    def on_after_batch_transfer(self, batch: Any, dataloader_idx: int) -> Any:
        if self._on_device is None or not isinstance(batch, DrawnBatch):
            return batch
        return self._on_device[1].batch(batch)

    def val_dataloader(self) -> list[DataLoader[ValidationSample]]:
        return [
            DataLoader(
                ValidationDataset(persons, self._input_size),
                batch_size=self._config.optimisation.batch_size,
                **worker_options(min(1, self._config.data.workers)),
            )
            for persons in self.evaluated.values()
        ]
