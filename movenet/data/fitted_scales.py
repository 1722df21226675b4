"""Crops as large around their persons as lets these look as large as the persons of a target set.

The article behind this project drew the histogram of its training crops' keypoint-areas beside that of pictures from
the place where its network was to work, saw them far apart, and changed the crops until they were alike. Here that is
quantile mapping: a person whose size in its own picture has rank q among the training persons gets a crop in which it
has about the size of rank q among the target's. Small persons, who have surroundings to show, become the small ones.
The rank is moved by chance, and reflected at 0 and 1: evenly distributed ranks stay so, and the sizes drawn have the
target's distribution, whatever the training's is.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from movenet.data.augment import AugmentationConfig
from movenet.data.records import PersonRecord, PictureRecord
from movenet.data.sets import Entry, SetConfig, read_set
from movenet.errors import DataError
from movenet.geometry import letterbox_square
from movenet.metrics.evaluation import EvaluationPerson, select_persons
from movenet.skeleton import Skeleton

# How far a rank is moved at most: a person is seen at two fifths of the target's sizes.
_RANK_REACH = 0.2


class FittedScales:
    """Draws the scale of a training person's crop.

    Args:
        own_sizes: float [N], of the training persons in their whole pictures, as of `shown_sizes`.
        weights: float [N], how often each is drawn.
        target_sizes: float [M], above 0, of the target's persons.
    """

    def __init__(self, own_sizes: np.ndarray, weights: np.ndarray, target_sizes: np.ndarray) -> None:
        order = np.argsort(own_sizes, kind="stable")
        share = weights / weights.sum()
        self._first_ranks = np.empty(len(order))
        self._first_ranks[order] = np.cumsum(share[order]) - share[order]
        self._shares = share
        self._target_sizes = np.sort(target_sizes)

    def draw(self, index: int, rng: np.random.Generator) -> float:
        """The crop's side as a multiple of the longer side of person `index`'s box."""
        rank = self._first_ranks[index] + self._shares[index] * rng.random()
        moved = rank + rng.uniform(-_RANK_REACH, _RANK_REACH)
        return 1 / float(np.quantile(self._target_sizes, 1 - abs(1 - abs(moved))))

    def with_range(self, config: AugmentationConfig) -> AugmentationConfig:
        """The same augmentation with the smallest and the largest scale that `draw` can give as its range."""
        smallest, largest = (1 / float(self._target_sizes[end]) for end in (-1, 0))
        return replace(config, scale_min=smallest, scale_max=largest, surroundings_probability=0.0)


def fit_scales(
    source: SetConfig, entries: Sequence[Entry], weights: np.ndarray, root: Path, skeleton: Skeleton
) -> FittedScales:
    """What the crops of training persons are drawn by, to look like a target set's whole pictures.

    Args:
        source: the target set.
        entries: the training persons.
        weights: float [number of entries], how often each is drawn.
        root: folder that the target's paths start from.
        skeleton: of its keypoints.

    Raises:
        DataError: if the target set cannot be read, or has no person (see `target_persons`).
    """
    own = [_in_whole_picture(entry.picture, entry.picture.persons[entry.person]) for entry in entries]
    return FittedScales(shown_sizes(own), weights, shown_sizes(target_persons(source, root, skeleton)))


def target_persons(source: SetConfig, root: Path, skeleton: Skeleton) -> list[EvaluationPerson]:
    """The persons of a target set, each in the square that its whole picture makes.

    Of each picture the one whom the decode rule should find there (`select_persons`, protocol `whole`), among those
    with the set's `min_keypoints` labelled points and `min_box_px`.

    Args:
        source: the target set.
        root: folder that its paths start from.
        skeleton: of its keypoints.

    Raises:
        DataError: if the set cannot be read, or has no such person.
    """
    pictures = [
        replace(picture, persons=tuple(p for p in picture.persons if max(p.box_px[2:]) >= source.min_box_px))
        for picture in read_set(source, root, skeleton)
    ]
    min_keypoints = max(1, source.min_keypoints)
    if not any(person.num_labelled >= min_keypoints for picture in pictures for person in picture.persons):
        raise DataError(
            f"{root / source.annotations}: no crop can be fitted to this set: no person has {min_keypoints} labelled "
            f"points and a box of {source.min_box_px:g} px; lower fit_scale_to's min_keypoints or min_box_px"
        )
    return select_persons(pictures, "whole", min_keypoints)


def shown_sizes(persons: Sequence[EvaluationPerson]) -> np.ndarray:
    """float64 [N]: the longer side of each person's box over the side of the square that the network is shown."""
    return np.array([max(person.person.box_px[2:]) / person.square.side_px for person in persons])


def _in_whole_picture(picture: PictureRecord, person: PersonRecord) -> EvaluationPerson:
    return EvaluationPerson(picture, person, letterbox_square(picture.width_px, picture.height_px))
