"""From records to training samples, one person a sample.

A sample is everything that the network and the targets need, and nothing that depends on the heatmap's kernels: the
targets are encoded in batches on the training device (`movenet.data.targets`).
"""

from __future__ import annotations

import logging
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.utils.data import Dataset

from movenet.data.augment import (
    AugmentationConfig,
    CropMove,
    appearance_transform,
    body_halves,
    draw_crop_move,
    drop_patches,
    half_body_square,
)
from movenet.data.labels import TrainingPoints, training_points
from movenet.data.pictures import read_annotated
from movenet.data.pseudo_labels import PseudoLabels, center_known
from movenet.data.records import PictureRecord
from movenet.data.sets import Entry
from movenet.errors import DataError
from movenet.geometry import apply_matrix, person_square, warp_picture
from movenet.skeleton import Skeleton

_logger = logging.getLogger(__name__)


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
        keep_decoded: whether each process keeps every picture in memory once it was decoded.
        pseudo_labels: what is to be learnt of the unlabelled entries, if there are any.
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
        keep_decoded: bool = False,
        pseudo_labels: PseudoLabels | None = None,
    ) -> None:
        self.entries = entries
        self.skeleton = skeleton
        self.input_size = input_size
        self.max_persons = max_persons
        self.augmentation = augmentation
        self.seed = seed
        self.view_size = view_size
        self.pseudo_labels = pseudo_labels
        self._decoded: dict[tuple[Path, bool], np.ndarray] | None = {} if keep_decoded else None
        self._appearance = appearance_transform(augmentation)
        self._halves = body_halves(skeleton) if augmentation.half_body_probability > 0 else None

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, key: tuple[int, int]) -> Sample | None:
        entry, move, rng = self._draw(key)
        try:
            picture = self._read(entry.picture)
        except DataError as error:
            _logger.warning("skipped: %s", error)
            return None
        image = cv2.cvtColor(warp_picture(picture, move.matrix, self.input_size), cv2.COLOR_BGR2RGB)
        self._appearance.set_random_seed(int(rng.integers(2**31)))
        image = self._appearance(image=image)["image"]
        labels = self._labels(key[1], move)
        if self.augmentation.drop_probability > 0 and rng.random() < self.augmentation.drop_probability:
            joints = labels.points_unit[0][labels.labelled[0]].numpy() * self.input_size
            size = float(labels.size_unit[0]) * self.input_size
            image = drop_patches(image, joints, size, self.augmentation, rng)
        return Sample(_planes(image), *labels, view=_planes(self._view(picture, move.matrix)))

    def labels(self, key: tuple[int, int]) -> SampleLabels:
        """What `self[key]` says about its image, without reading the picture."""
        _, move, _ = self._draw(key)
        return self._labels(key[1], move)

    def _draw(self, key: tuple[int, int]) -> tuple[Entry, CropMove, np.random.Generator]:
        epoch, index = key
        entry = self.entries[index]
        rng = np.random.default_rng((self.seed, epoch, index))
        person = entry.picture.persons[entry.person]
        square = person_square(person.box_px, 1.0)
        if self._halves is not None and rng.random() < self.augmentation.half_body_probability:
            points = training_points(person, entry.rules)
            square = half_body_square(points.points_px, points.labelled, self._halves, rng) or square
        return entry, draw_crop_move(square, self.input_size, self.augmentation, rng), rng

    def _read(self, picture: PictureRecord) -> np.ndarray:
        if self._decoded is None:
            return read_annotated(picture)
        key = picture.path, picture.upright
        if key not in self._decoded:
            self._decoded[key] = read_annotated(picture)
        return self._decoded[key]

    def _view(self, picture: np.ndarray, matrix: np.ndarray) -> np.ndarray:
        if self.view_size is None:
            return np.zeros((0, 0, 3), np.uint8)
        enlarged = matrix * (self.view_size / self.input_size)
        return cv2.cvtColor(warp_picture(picture, enlarged, self.view_size), cv2.COLOR_BGR2RGB)

    def _labels(self, index: int, move: CropMove) -> SampleLabels:
        entry = self.entries[index]
        num_keypoints = self.skeleton.num_keypoints
        points_unit = np.zeros((self.max_persons, num_keypoints, 2), np.float32)
        labelled = np.zeros((self.max_persons, num_keypoints), bool)
        size_unit = np.zeros(self.max_persons, np.float32)
        scale = np.sqrt(abs(np.linalg.det(move.matrix[:, :2]))) / self.input_size
        order = self.skeleton.mirror_permutation if move.mirrored else np.arange(num_keypoints)
        points_of_first: TrainingPoints | None = None
        row = 0
        for person in self._main_then_nearest(entry):
            points = self._points(index, person)
            unit = (apply_matrix(move.matrix, points.points_px) / self.input_size)[order]
            inside = points.labelled[order] & ((unit >= 0) & (unit < 1)).all(axis=1)
            if points_of_first is None:
                points_of_first = points
            elif not inside.any():
                continue
            points_unit[row], labelled[row] = unit, inside
            size_unit[row] = max(entry.picture.persons[person].box_px[2:]) * scale
            row += 1
            if row == self.max_persons:
                break
        assert points_of_first is not None
        return SampleLabels(
            points_unit=torch.from_numpy(points_unit),
            labelled=torch.from_numpy(labelled),
            size_unit=torch.from_numpy(size_unit),
            ignored=torch.from_numpy(_unknown(points_of_first)[order]),
            center_known=torch.tensor(center_known(labelled[0], entry.unlabelled)),
        )

    def _points(self, index: int, person: int) -> TrainingPoints:
        entry = self.entries[index]
        if entry.unlabelled and person == entry.person and self.pseudo_labels is not None:
            return self.pseudo_labels.points(index)
        return training_points(entry.picture.persons[person], entry.rules)

    def _main_then_nearest(self, entry: Entry) -> list[int]:
        centers = np.array([[x + w / 2, y + h / 2] for x, y, w, h in (p.box_px for p in entry.picture.persons)])
        distance = np.linalg.norm(centers - centers[entry.person], axis=1)
        distance[entry.person] = -1.0
        return [int(person) for person in np.argsort(distance, kind="stable")]


def _planes(image: np.ndarray) -> Tensor:
    """uint8 [height, width, 3] -> [3, height, width]."""
    return torch.from_numpy(np.ascontiguousarray(image.transpose(2, 0, 1)))


def _unknown(points: TrainingPoints) -> np.ndarray:
    return ~points.labelled & ~points.trusted_absence


class Batch(NamedTuple):
    """A batch of samples, and how many were left out because their pictures cannot be read."""

    samples: Sample
    num_skipped: int


def collate(samples: Sequence[Sample | None]) -> Batch:
    """Stack samples to a batch with a leading axis N, leaving out the unreadable ones.

    Raises:
        DataError: if not one sample is left.
    """
    readable = [sample for sample in samples if sample is not None]
    if not readable:
        raise DataError(f"not one of a batch of {len(samples)} pictures could be read; the warnings above name them")
    stacked = Sample(*(torch.stack(column) for column in zip(*readable, strict=True)))
    return Batch(stacked, len(samples) - len(readable))
