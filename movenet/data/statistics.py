"""What persons a network is shown: how large, where, in which poses, and how completely labelled."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from movenet.data.dataset import CropDataset
from movenet.data.fitted_scales import shown_sizes
from movenet.data.poses import normalised_poses
from movenet.data.records import PictureRecord, Visibility
from movenet.metrics.evaluation import EvaluationPerson, ProtocolName, select_persons
from movenet.skeleton import Skeleton

VISIBLE, OCCLUDED, UNLABELLED, IGNORED = range(4)
STATES = ("visible", "occluded", "not labelled", "in no loss")


@dataclass(frozen=True)
class Population:
    """Persons as the network is shown them, each in its square input.

    Attributes:
        name: for the reader.
        points_unit: float32 [N, K, 2]; 0..1 inside the input.
        labelled: bool [N, K].
        size_unit: float32 [N]: the longer side of the person's box over the input's side.
        states: int8 [N, K], numbers of `STATES`.
    """

    name: str
    points_unit: np.ndarray
    labelled: np.ndarray
    size_unit: np.ndarray
    states: np.ndarray

    @property
    def keypoint_area(self) -> np.ndarray:
        """float [N]: the box around the labelled points as a share of the input."""
        return self._extent.prod(axis=1)

    @property
    def _extent(self) -> np.ndarray:
        known = self.labelled[..., None]
        smallest = np.where(known, self.points_unit, np.inf).min(axis=1)
        largest = np.where(known, self.points_unit, -np.inf).max(axis=1)
        anything = self.labelled.any(axis=1, keepdims=True)
        return np.where(anything, largest - smallest, 0.0)

    @property
    def poses(self) -> np.ndarray:
        """float32 [N, 2K]."""
        return normalised_poses(self.points_unit, self.labelled)


def population_of_set(
    name: str, pictures: Sequence[PictureRecord], protocol: ProtocolName, min_keypoints: int
) -> Population:
    """An annotated set as the evaluation shows it to the network.

    Raises:
        DataError: if no person has that many labelled keypoints.
    """
    return population_of_persons(name, select_persons(pictures, protocol, min_keypoints))


def population_of_persons(name: str, persons: Sequence[EvaluationPerson]) -> Population:
    """At least one person, each as its square shows it to the network."""
    visibility = np.array([person.person.visibility for person in persons])
    labelled = visibility > Visibility.UNLABELLED
    states = np.select(
        [visibility == Visibility.VISIBLE, visibility == Visibility.OCCLUDED], [VISIBLE, OCCLUDED], UNLABELLED
    )
    for row, person in enumerate(persons):
        if person.person.annotated is not None:
            states[row, ~person.person.annotated] = IGNORED
    return Population(
        name,
        np.array([person.square.to_unit(person.person.points_px) for person in persons], np.float32),
        labelled,
        shown_sizes(persons).astype(np.float32),
        states.astype(np.int8),
    )


def population_of_stream(name: str, dataset: CropDataset, keys: Sequence[tuple[int, int]]) -> Population:
    """The persons that a training run draws, after augmentation; squares without anybody are left out."""
    drawn = [dataset.labels(key) for key in keys if not dataset.entries[key[1]].empty]
    labelled = np.array([sample.labelled[0].numpy() for sample in drawn])
    ignored = np.array([sample.ignored.numpy() for sample in drawn])
    return Population(
        name,
        np.array([sample.points_unit[0].numpy() for sample in drawn]),
        labelled,
        np.array([float(sample.size_unit[0]) for sample in drawn], np.float32),
        # The stream does not say which labelled points are occluded: they are learnt alike. What is neither labelled
        # nor ignored is taught to be absent.
        np.select([labelled, ignored], [VISIBLE, IGNORED], UNLABELLED).astype(np.int8),
    )


def summary(population: Population, skeleton: Skeleton) -> dict[str, Any]:
    """The figures of a population, ready for JSON."""
    crop_scale = np.quantile(1 / np.maximum(population.size_unit, 1e-6), (0.05, 0.5, 0.95))
    poses = population.poses
    return {
        "persons": len(population.labelled),
        "keypoint_area_quartiles": np.quantile(population.keypoint_area, (0.25, 0.5, 0.75)).round(4).tolist(),
        "crop_scale_5_50_95": crop_scale.round(3).tolist(),
        "labelled_per_person": round(float(population.labelled.sum(axis=1).mean()), 2),
        "upside_down_share": upside_down_share(population, skeleton),
        "pose_spread": round(float(np.linalg.norm(poses - poses.mean(axis=0), axis=1).mean()), 3),
        "states": {
            name: {state: round(float((population.states[:, k] == s).mean()), 4) for s, state in enumerate(STATES)}
            for k, name in enumerate(skeleton.names)
        },
    }


def distances(population: Population, target: Population) -> dict[str, float]:
    """How unlike two populations are in what persons fill of the input: 0 is alike, 1 has nothing in common."""
    return {
        "area_distance": round(ks_distance(population.keypoint_area, target.keypoint_area), 3),
        "size_distance": round(ks_distance(population.size_unit, target.size_unit), 3),
    }


def ks_distance(first: np.ndarray, second: np.ndarray) -> float:
    """Kolmogorov and Smirnov's distance of two samples [N] and [M]: between their distribution functions, at most."""
    places = np.concatenate([first, second])
    below = [np.searchsorted(np.sort(sample), places, side="right") / len(sample) for sample in (first, second)]
    return float(np.abs(below[0] - below[1]).max())


def upside_down_share(population: Population, skeleton: Skeleton) -> float | None:
    """Share of the persons whose torso's upper end is below its lower one; None where no torso can be seen."""
    if skeleton.torso is None:
        return None
    upper, lower = (skeleton.index(name) for name in skeleton.torso)
    known = population.labelled[:, upper] & population.labelled[:, lower]
    if not known.any():
        return None
    below = population.points_unit[known, upper, 1] > population.points_unit[known, lower, 1]
    return round(float(below.mean()), 4)
