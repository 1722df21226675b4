"""From records to training samples, one person a sample.

A sample is everything that the network and the targets need, and nothing that depends on the heatmap's kernels: the
targets are encoded in batches on the training device (`movenet.data.targets`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from typing import NamedTuple, TypeVar

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from movenet.data.appearance import Appearance, Operation, Patch, apply_operations, draw_patches, paint_patches
from movenet.data.augment import AugmentationConfig, CropMove, body_halves, draw_crop_move, half_body_square
from movenet.data.cache import CropCache
from movenet.data.entry_pictures import EntryPictures
from movenet.data.fitted_scales import FittedScales
from movenet.data.labels import TrainingPoints
from movenet.data.persons import PersonTable
from movenet.data.pseudo_labels import PseudoLabels, center_known
from movenet.data.sets import Entry
from movenet.errors import ConfigError, DataError
from movenet.geometry import apply_matrix, matrix_scale, person_square, warp_picture
from movenet.skeleton import Skeleton

_logger = logging.getLogger(__name__)
_AnySample = TypeVar("_AnySample")


class SampleLabels(NamedTuple):
    """What is known about the image of a sample, or of a batch with a leading axis N.

    Attributes:
        points_unit: float32 [P, K, 2]; person 0 is the one the crop was made for, the others are its neighbours.
        labelled: bool [P, K]: known and inside the input; all false in the padding.
        size_unit: float32 [P]: the longer side of the person's box over the input's side.
        ignored: bool [K]: keypoints of person 0 of which it is not known whether and where they are visible.
        center_known: bool []: whether person 0's middle can be told from its points.
    """

    points_unit: Tensor
    labelled: Tensor
    size_unit: Tensor
    ignored: Tensor
    center_known: Tensor


class Sample(NamedTuple):
    """One training sample, or a batch of them with a leading axis N.

    Attributes:
        image: uint8 [3, S, S], RGB.
        points_unit, labelled, size_unit, ignored, center_known: as in `SampleLabels`.
        view: uint8 [3, V, V], RGB: the same crop for a teacher, in its true colours; [3, 0, 0] where none is asked for.
    """

    image: Tensor
    points_unit: Tensor
    labelled: Tensor
    size_unit: Tensor
    ignored: Tensor
    center_known: Tensor
    view: Tensor


class Drawn(NamedTuple):
    """Everything about a sample but its pixels.

    Attributes:
        move: from the picture to the input.
        operations: on the image, in their order.
        patches: painted over it at last.
        labels: what is known about it.
    """

    move: CropMove
    operations: list[Operation]
    patches: list[Patch]
    labels: SampleLabels


class CropDataset(Dataset[Sample | None]):
    """Person-centered, augmented crops.

    Indexed by (epoch, index), so that the chance in a sample depends on nothing but the seed, the epoch and the index:
    not on the worker, nor on where a run was interrupted. A picture that cannot be read gives None (see `collate`).

    Args:
        entries: the persons.
        skeleton: names the channels; gives the mirror's permutation.
        input_size: S.
        max_persons: P; the neighbours nearest to the crop's middle are kept.
        augmentation: how far a crop is varied.
        seed: of all chance.
        view_size: V, if a teacher is to see the crops too.
        cache: holds the decoded pictures of the entries, if it is not to be decoded for each sample.
        scales: what `augmentation.fit_scale_to` leads to (`movenet.data.fitted_scales.fit_scales`).
        pseudo_labels: what is to be learnt of the unlabelled entries, if there are any.

    Raises:
        ConfigError: if `fit_scale_to` is given without `scales`, or the other way round.
    """

    def __init__(
        self,
        entries: Sequence[Entry],
        skeleton: Skeleton,
        input_size: int,
        max_persons: int,
        augmentation: AugmentationConfig,
        seed: int,
        view_size: int | None = None,
        cache: CropCache | None = None,
        scales: FittedScales | None = None,
        pseudo_labels: PseudoLabels | None = None,
    ) -> None:
        if (augmentation.fit_scale_to is None) != (scales is None):
            raise ConfigError("augmentation: fit_scale_to and the scales that it leads to go together")
        self._scales = scales
        self.entries = entries
        self.skeleton = skeleton
        self.input_size = input_size
        self.max_persons = max_persons
        self.augmentation = augmentation
        self.seed = seed
        self.view_size = view_size
        self._pictures = EntryPictures(entries, cache)
        self._persons = PersonTable(entries, skeleton.num_keypoints)
        self._pseudo_labels = pseudo_labels
        self._appearance = Appearance(augmentation)
        self._halves = body_halves(skeleton) if augmentation.half_body_probability > 0 else None

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, key: tuple[int, int]) -> Sample | None:
        drawn = self.draw(key)
        try:
            pixels, matrix = self._pictures.read(key[1], drawn.move.matrix)
        except DataError as error:
            _logger.warning("skipped: %s", error)
            return None
        image = cv2.cvtColor(warp_picture(pixels, matrix, self.input_size), cv2.COLOR_BGR2RGB)
        image = paint_patches(apply_operations(image, drawn.operations), drawn.patches)
        return Sample(planes(image), *drawn.labels, view=planes(self._view(pixels, matrix)))

    def draw(self, key: tuple[int, int]) -> Drawn:
        """What `self[key]` is made by, without reading the picture: all its chance."""
        move, rng = self._draw_move(key)
        operations = self._appearance.draw(self.input_size, rng)
        labels = self._labels(key[1], move)
        patches: list[Patch] = []
        if self.augmentation.drop_probability > 0 and rng.random() < self.augmentation.drop_probability:
            joints = labels.points_unit[0][labels.labelled[0]].numpy() * self.input_size
            size = float(labels.size_unit[0]) * self.input_size
            patches = draw_patches(joints, size, self.input_size, self.augmentation, rng)
        return Drawn(move, operations, patches, labels)

    def labels(self, key: tuple[int, int]) -> SampleLabels:
        """What `self[key]` says about its image, without reading the picture."""
        move, _ = self._draw_move(key)
        return self._labels(key[1], move)

    def _draw_move(self, key: tuple[int, int]) -> tuple[CropMove, np.random.Generator]:
        epoch, index = key
        rng = np.random.default_rng((self.seed, epoch, index))
        row = self._persons.own_row(index)
        square = person_square(self._persons.box_px[row].tolist(), 1.0)
        if self._halves is not None and rng.random() < self.augmentation.half_body_probability:
            points, labelled = self._persons.points_px[row], self._persons.labelled[row]
            square = half_body_square(points, labelled, self._halves, rng) or square
        scale = None if self._scales is None else self._scales.draw(index, rng)
        return draw_crop_move(square, self.input_size, self.augmentation, rng, scale), rng

    def _view(self, pixels: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        if self.view_size is None:
            return np.zeros((0, 0, 3), np.uint8)
        enlarged = matrix * (self.view_size / self.input_size)
        return cv2.cvtColor(warp_picture(pixels, enlarged, self.view_size), cv2.COLOR_BGR2RGB)

    def _labels(self, index: int, move: CropMove) -> SampleLabels:
        num_keypoints = self.skeleton.num_keypoints
        points_unit = np.zeros((self.max_persons, num_keypoints, 2), np.float32)
        labelled = np.zeros((self.max_persons, num_keypoints), bool)
        size_unit = np.zeros(self.max_persons, np.float32)
        order = self.skeleton.mirror_permutation if move.mirrored else slice(None)
        rows = self._persons.rows(index)
        points_px, known = self._persons.points_px[rows], self._persons.labelled[rows]
        ignored = self._persons.unknown[rows[0]]
        pseudo = self._pseudo_points(index)
        if pseudo is not None:
            points_px[0], known[0], ignored = pseudo.points_px, pseudo.labelled, pseudo.unknown
        unit_per_px = matrix_scale(move.matrix) / self.input_size
        shift_px = self._persons.shift_px[rows, None, None]
        unit = apply_matrix(move.matrix / self.input_size, points_px + shift_px) - shift_px * unit_per_px
        inside = known & ((unit >= 0) & (unit < 1)).all(axis=2)
        # Neighbours of whom nothing is seen are left out.
        kept = inside.any(axis=1)
        kept[0] = True
        kept = np.flatnonzero(kept)[: self.max_persons]
        count = len(kept)
        points_unit[:count], labelled[:count] = unit[kept][:, order], inside[kept][:, order]
        size_unit[:count] = self._persons.box_px[rows[kept], 2:].max(axis=1) * unit_per_px
        return SampleLabels(
            points_unit=torch.from_numpy(points_unit),
            labelled=torch.from_numpy(labelled),
            size_unit=torch.from_numpy(size_unit),
            ignored=torch.from_numpy(ignored[order]),
            center_known=torch.tensor(center_known(labelled[0], pseudo is not None)),
        )

    def _pseudo_points(self, index: int) -> TrainingPoints | None:
        """What is to be learnt of an unlabelled entry; None for one with labels."""
        if self._pseudo_labels is None or not self._pseudo_labels.unlabelled[index]:
            return None
        return self._pseudo_labels.points(index)


def planes(image: np.ndarray) -> Tensor:
    """uint8 [height, width, 3] -> [3, height, width] of the same memory."""
    return torch.from_numpy(image).permute(2, 0, 1)


def _stacked(column: Sequence[Tensor]) -> Tensor:
    """Stacked in the layout of the first."""
    if column[0].dim() != 3 or column[0].stride(0) != 1:
        return torch.stack(list(column))
    return torch.stack([image.permute(1, 2, 0) for image in column]).permute(0, 3, 1, 2)


class Batch(NamedTuple):
    """A batch of samples, and how many were left out because their pictures cannot be read."""

    samples: Sample
    num_skipped: int


def collate(samples: Sequence[Sample | None]) -> Batch:
    """Stack samples to a batch with a leading axis N, leaving out the unreadable ones.

    The images' channels stay last in memory, where a network in that layout wants them: nobody moves them.

    Raises:
        DataError: if not one sample is left.
    """
    found = readable(samples)
    stacked = Sample(*(_stacked(column) for column in zip(*found, strict=True)))
    return Batch(stacked, len(samples) - len(found))


def readable(samples: Sequence[_AnySample | None]) -> list[_AnySample]:
    """The samples whose pictures can be read.

    Raises:
        DataError: if there is none.
    """
    found = [sample for sample in samples if sample is not None]
    if not found:
        raise DataError(f"not one of a batch of {len(samples)} pictures could be read; the warnings above name them")
    return found
