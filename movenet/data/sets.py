"""Annotation sets as a config names them, and the training entries they give; needs no torch."""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from movenet.data.empty_squares import empty_square
from movenet.data.formats import FormatName, find_format
from movenet.data.labels import LabelRules, training_points
from movenet.data.poses import PoseBalance, balanced_weights, normalised_poses
from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.data.sides import with_sides_mended
from movenet.errors import ConfigError, DataError
from movenet.skeleton import Skeleton


@dataclass(frozen=True)
class SetConfig:
    """One annotated set.

    Attributes:
        annotations: COCO keypoints json, a YOLO-pose set's data.yaml or a folder of labelme's json files, relative to
            the data's root.
        images: folder of its pictures, relative to the data's root.
        format: of the annotations.
        keypoints: from the skeleton's keypoints to the set's (see `movenet.data.keypoint_map`), where these differ.
        weight: how often a person of this set is drawn, relative to persons of the other sets.
        empty_weight: how often a square without anybody is drawn, one of each picture that has one
            (`movenet.data.empty_squares`); for sets that annotate everybody and whose absent points are hidden.
        min_keypoints: persons with fewer points to learn make no crop of their own (they stay in others' crops).
        min_box_px: neither do persons whose box's longer side is shorter.
        labels: how far labels and teacher's answers are trusted.
        unlabelled: only the persons' boxes are read; the run labels them itself (see `movenet.data.pseudo_labels`).
    """

    annotations: str
    images: str
    format: FormatName = "coco"
    keypoints: dict[str, str | int] | None = None
    weight: float = 1.0
    empty_weight: float = 0.0
    min_keypoints: int = 5
    min_box_px: float = 32.0
    labels: LabelRules = field(default_factory=LabelRules)
    unlabelled: bool = False

    def __post_init__(self) -> None:
        if self.weight <= 0:
            raise ConfigError(f"{self.annotations}: the weight of a set must be above 0")
        if self.empty_weight < 0:
            raise ConfigError(f"{self.annotations}: empty_weight must not be negative")
        if self.empty_weight > 0 and (self.unlabelled or not self.labels.absent_means_hidden):
            raise ConfigError(
                f"{self.annotations}: empty_weight needs a set that labels everybody (absent_means_hidden: true)"
            )


@dataclass(frozen=True)
class Entry:
    """One person of one picture, under the label rules of its set.

    Attributes:
        picture: with all its persons.
        person: index of the one.
        rules: of the set.
        unlabelled: whether nothing but the persons' boxes is known.
        empty: whether the person is none, but a square without anybody.
    """

    picture: PictureRecord
    person: int
    rules: LabelRules
    unlabelled: bool = False
    empty: bool = False


def read_set(source: SetConfig, root: Path, skeleton: Skeleton) -> list[PictureRecord]:
    """The records of a set.

    Args:
        source: the set.
        root: folder that the set's relative paths start from.
        skeleton: what its keypoints must be.

    Raises:
        DataError: if it cannot be read.
        ConfigError: if its keypoint map names what the skeleton does not have.
    """
    read = find_format(source.format).read
    return read(root / source.annotations, root / source.images, skeleton, source.keypoints)


def training_entries(sets: Sequence[SetConfig], root: Path, skeleton: Skeleton) -> tuple[list[Entry], np.ndarray]:
    """Every person of the sets that makes a crop of its own, and the float [number of entries] weights to draw them.

    Raises:
        DataError: if a set cannot be read, or gives no person.
    """
    entries: list[Entry] = []
    weights: list[float] = []
    for source in sets:
        pictures = read_set(source, root, skeleton)
        if source.labels.mend_share > 0:
            pictures = [_mended(picture, skeleton, source.labels) for picture in pictures]
        found = _boxes_alone(pictures, source) if source.unlabelled else _with_labels(pictures, source)
        if not found:
            points = "" if source.unlabelled else f"{source.min_keypoints} points to learn and "
            raise DataError(
                f"{source.annotations}: no person has {points}a box of {source.min_box_px:g} px: "
                f"lower {'' if source.unlabelled else 'min_keypoints or '}min_box_px"
            )
        entries += found
        weights += [source.weight] * len(found)
        if source.empty_weight > 0:
            empty = _empty(pictures, source, skeleton)
            entries += empty
            weights += [source.empty_weight] * len(empty)
    if not entries:
        raise ConfigError("data: 'train' names no set")
    return entries, np.array(weights)


def _mended(picture: PictureRecord, skeleton: Skeleton, rules: LabelRules) -> PictureRecord:
    return replace(picture, persons=tuple(with_sides_mended(person, skeleton, rules) for person in picture.persons))


def _with_labels(pictures: Sequence[PictureRecord], source: SetConfig) -> list[Entry]:
    return [
        Entry(picture, index, source.labels)
        for picture in pictures
        for index, person in enumerate(picture.persons)
        if max(person.box_px[2:]) >= source.min_box_px
        and training_points(person, source.labels).labelled.sum() >= source.min_keypoints
    ]


def _empty(pictures: Sequence[PictureRecord], source: SetConfig, skeleton: Skeleton) -> list[Entry]:
    found = ((picture, empty_square(picture, skeleton.num_keypoints)) for picture in pictures)
    return [
        Entry(replace(picture, persons=(nobody, *picture.persons)), 0, source.labels, empty=True)
        for picture, nobody in found
        if nobody is not None
    ]


def _boxes_alone(pictures: Sequence[PictureRecord], source: SetConfig) -> list[Entry]:
    rules = replace(source.labels, absent_means_hidden=False)
    bare = [replace(picture, persons=tuple(_without_labels(p) for p in picture.persons)) for picture in pictures]
    return [
        Entry(picture, index, rules, unlabelled=True)
        for picture in bare
        for index, person in enumerate(picture.persons)
        if max(person.box_px[2:]) >= source.min_box_px
    ]


def _without_labels(person: PersonRecord) -> PersonRecord:
    return replace(
        person,
        visibility=np.full_like(person.visibility, Visibility.UNLABELLED),
        teacher_points_px=None,
        teacher_scores=None,
        teacher_disagreement=None,
    )


def pose_balanced(entries: Sequence[Entry], weights: np.ndarray, balance: PoseBalance, seed: int) -> np.ndarray:
    """The entries' weights, float [number of entries], with rare poses drawn more often where the balance says so.

    Who has no known point has no pose: these entries keep their weights.
    """
    if balance.clusters == 0:
        return weights
    points = [training_points(entry.picture.persons[entry.person], entry.rules) for entry in entries]
    points_px, labelled = np.array([p.points_px for p in points]), np.array([p.labelled for p in points])
    posed = labelled.any(axis=1)
    result = weights.astype(np.float64)
    poses = normalised_poses(points_px[posed], labelled[posed])
    result[posed] = balanced_weights(poses, result[posed], balance, seed)
    return result


def set_checksum(source: SetConfig, root: Path) -> str:
    """sha256 of the annotation files: what a run writes down about its data."""
    digest = hashlib.sha256()
    for path in find_format(source.format).files(root / source.annotations, root / source.images):
        digest.update(path.read_bytes())
    return digest.hexdigest()
