"""The crops that a training run would draw from the chosen sets; needs the training's packages."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np

from movenet.commands.data.selection import Sets
from movenet.data.augment import AugmentationConfig
from movenet.data.dataset import CropDataset
from movenet.data.fitted_scales import fit_scales
from movenet.data.sampler import WeightedEpochSampler
from movenet.data.sets import pose_balanced, training_entries
from movenet.data.targets import TargetConfig
from movenet.models.registry import find_preset
from movenet.training.config import DataConfig, ModelConfig


@dataclass(frozen=True)
class TrainingStream:
    """What a run is given.

    Attributes:
        dataset: the crops.
        weights: float [number of crops], how often each is drawn.
        targets: shape of the targets.
    """

    dataset: CropDataset
    weights: np.ndarray
    targets: TargetConfig

    def keys(self, number: int) -> list[tuple[int, int]]:
        """(epoch, index) of the first crops that a run draws, epoch after epoch."""
        sampler = WeightedEpochSampler(self.weights, number, self.dataset.seed)
        return list(sampler)


def training_stream(sets: Sets, seed: int, fitted: bool = True) -> TrainingStream:
    """The stream of the recipe's training sets, or of the given sets with the training's defaults.

    Args:
        sets: as the command was told them.
        seed: of all chance.
        fitted: whether the recipe's `fit_scale_to` counts; without, the stream is what it would be by its scales.

    Raises:
        DataError: if a set cannot be read, or gives no person.
    """
    recipe = sets.recipe
    model = ModelConfig() if recipe is None else recipe.model
    sources = sets.sources if recipe is None else recipe.data.train
    entries, weights = training_entries(sources, sets.root, sets.skeleton)
    if recipe is not None:
        weights = pose_balanced(entries, weights, recipe.data.pose_balance, recipe.seed)
    augmentation = AugmentationConfig() if recipe is None else recipe.augmentation
    if not fitted:
        augmentation = replace(augmentation, fit_scale_to=None)
    target = augmentation.fit_scale_to
    dataset = CropDataset(
        entries,
        sets.skeleton,
        model.input_size or find_preset(model.name).input_size,
        DataConfig.max_persons if recipe is None else recipe.data.max_persons,
        augmentation,
        seed,
        scales=None if target is None else fit_scales(target, entries, weights, sets.root, sets.skeleton),
    )
    return TrainingStream(dataset, weights, TargetConfig() if recipe is None else recipe.targets)
