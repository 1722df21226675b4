"""Checks of one person's points: against the picture, the body's shape, and a teacher's opinion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np

from movenet.data.checks.findings import Finding, Kind, NamedSet
from movenet.data.labels import LabelRules
from movenet.data.records import PersonRecord, PictureRecord, Visibility
from movenet.data.sides import MIN_PAIRS, crossed_pairs, teacher_crop_px, teacher_distances
from movenet.errors import ConfigError
from movenet.skeleton import Skeleton


@dataclass(frozen=True)
class PersonLimits:
    """From where on something is a finding.

    Attributes:
        min_box_px: a person whose box's longer side is shorter is too small.
        margin_px: points may lie this far outside the picture (annotations are rounded).
        teacher: when a teacher is confident.
        teacher_share: a point is far from a confident teacher's if farther than this share of the teacher's crop.
        limb_factor: a limb is too long if it is this many times as long as the person's other limbs let expect.
        torso_factor: a torso is twisted if its sides are together this many times as long as its diagonals.
    """

    min_box_px: float = 32.0
    margin_px: float = 1.0
    teacher: LabelRules = field(default_factory=LabelRules)
    teacher_share: float = 0.1
    limb_factor: float = 2.5
    torso_factor: float = 1.08

    def __post_init__(self) -> None:
        if self.min_box_px < 0 or self.margin_px < 0 or self.teacher_share <= 0:
            raise ConfigError("check: needs min_box_px >= 0, margin_px >= 0 and teacher_share > 0")
        if min(self.limb_factor, self.torso_factor) <= 1:
            raise ConfigError("check: limb_factor and torso_factor must be above 1")


def check_persons(of_set: NamedSet, skeleton: Skeleton, limits: PersonLimits) -> list[Finding]:
    """Every finding about the persons of a set, in its order."""
    persons = [(picture, person) for picture in of_set.pictures for person in picture.persons]
    limbs = _long_limbs([person for _, person in persons], skeleton, limits.limb_factor)
    findings = []
    for (picture, person), long_limbs in zip(persons, limbs, strict=True):
        place = of_set.name, picture.path, picture.image_id, person.annotation_id
        for kind, keypoints, detail in _found(person, picture, skeleton, limits):
            findings.append(Finding(kind, *place, tuple(int(k) for k in keypoints), detail))
        for edge, factor in long_limbs:
            first, second = skeleton.edge_indices[edge].tolist()
            findings.append(Finding(Kind.LONG_LIMB, *place, (first, second), f"{factor:.1f} x"))
    return findings


def _found(
    person: PersonRecord, picture: PictureRecord, skeleton: Skeleton, limits: PersonLimits
) -> Iterator[tuple[Kind, Iterable[int], str]]:
    """(kind, keypoints, detail) of what one person by himself shows."""
    longer_side = max(person.box_px[2:])
    if longer_side < limits.min_box_px:
        yield Kind.SMALL_PERSON, (), f"{longer_side:.0f} px"
    outside = outside_picture(person, picture, limits.margin_px)
    if outside.any():
        yield Kind.OUTSIDE_PICTURE, np.flatnonzero(outside), ""
    torso = _torso_corners(skeleton)
    if torso is not None and (twist := _torso_twist(person, torso)) > limits.torso_factor:
        yield Kind.TWISTED_TORSO, torso, f"sides {twist:.2f} x diagonals"
    pairs, told = crossed_pairs(person, skeleton, limits.teacher, limits.teacher_share)
    crossed = [keypoint for pair in pairs for keypoint in pair]
    if pairs:
        whole = len(pairs) == told >= MIN_PAIRS
        yield Kind.SWAPPED if whole else Kind.PARTLY_SWAPPED, crossed, f"{len(pairs)} of {told} pairs"
    contradicted = _contradicted(person, picture, limits)
    contradicted[crossed] = False
    if contradicted.any():
        yield Kind.CONTRADICTED, np.flatnonzero(contradicted), ""


def outside_picture(person: PersonRecord, picture: PictureRecord, margin_px: float) -> np.ndarray:
    """bool [K]: labelled points farther outside the picture than the margin."""
    points, size = person.points_px, (picture.width_px, picture.height_px)
    inside = ((points >= -margin_px) & (points <= np.add(size, margin_px))).all(axis=1)
    return _labelled(person) & ~inside


def _labelled(person: PersonRecord) -> np.ndarray:
    return person.visibility > Visibility.UNLABELLED


def _contradicted(person: PersonRecord, picture: PictureRecord, limits: PersonLimits) -> np.ndarray:
    """bool [K]: labels far from the confident teacher's answer, unless that is of somebody else in the picture."""
    distance = teacher_distances(person, limits.teacher)
    if distance is None:
        return np.zeros(len(person.visibility), bool)
    far_px = limits.teacher_share * teacher_crop_px(person)
    contradicted = np.diagonal(distance) > far_px
    for other in picture.persons:
        if other is not person:
            of_other = np.linalg.norm(other.points_px - person.teacher_points_px, axis=1)
            contradicted &= ~(_labelled(other) & (of_other <= far_px))
    return contradicted


def _torso_corners(skeleton: Skeleton) -> tuple[int, int, int, int] | None:
    """Upper left, upper right, lower left and lower right keypoint of the torso; None if the skeleton has none such."""
    if skeleton.torso is None:
        return None
    other = skeleton.mirror_permutation
    upper, lower = (skeleton.index(name) for name in skeleton.torso)
    corners = upper, int(other[upper]), int(other[lower]), lower
    return corners if len(set(corners)) == len(corners) else None


def _torso_twist(person: PersonRecord, torso: tuple[int, int, int, int]) -> float:
    """Length of the torso's sides over that of its diagonals: below 1, unless the sides cross each other."""
    if not _labelled(person)[list(torso)].all():
        return 0.0
    upper_left, upper_right, lower_left, lower_right = person.points_px[list(torso)].astype(np.float64)
    sides = np.linalg.norm(upper_left - lower_left) + np.linalg.norm(upper_right - lower_right)
    diagonals = float(np.linalg.norm(upper_left - lower_right) + np.linalg.norm(upper_right - lower_left))
    return float(sides) / max(diagonals, 1e-6)


# With fewer limbs there is nothing to tell a person's scale by.
_MIN_LIMBS = 4
# Shorter limbs, as a share of the box, are foreshortened or of the face: their ratios say nothing.
_MIN_LIMB_SHARE = 0.15


def _long_limbs(
    persons: Sequence[PersonRecord], skeleton: Skeleton, factor: float
) -> Iterator[list[tuple[int, float]]]:
    """For each person the (edge, times too long) of its limbs that are too long.

    A limb seen from the front has its typical share of the body, a foreshortened one less, none has more: what to
    expect of a limb is its typical length (the set's median) times the scale of the person's other limbs.
    """
    edges = skeleton.edge_indices
    lengths = np.full((len(persons), len(edges)), np.nan)
    for row, person in enumerate(persons):
        both = _labelled(person)[edges].all(axis=1)
        vectors = person.points_px[edges[:, 0]] - person.points_px[edges[:, 1]]
        lengths[row, both] = np.linalg.norm(vectors[both], axis=1) / max(*person.box_px[2:], 1.0)
    known = np.isfinite(lengths)
    typical = np.array([np.median(lengths[known[:, e], e]) if known[:, e].any() else np.nan for e in range(len(edges))])
    for row in range(len(persons)):
        yield _too_long(lengths[row], typical, factor) if known[row].sum() >= _MIN_LIMBS else []


def _too_long(lengths: np.ndarray, typical: np.ndarray, factor: float) -> list[tuple[int, float]]:
    with np.errstate(divide="ignore", invalid="ignore"):
        ratio = lengths / typical
    result = []
    for edge in np.flatnonzero(np.isfinite(ratio)):
        others = np.delete(ratio, edge)
        # The upper quartile: foreshortened limbs among the others do not make this one long.
        scale = np.quantile(others[np.isfinite(others)], 0.75)
        if lengths[edge] > _MIN_LIMB_SHARE and ratio[edge] > factor * scale:
            result.append((int(edge), float(ratio[edge] / scale)))
    return result
