"""Which part of each picture the crops of a training can touch, and how finely: what a cache has to hold.

Needs no torch and reads no picture.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import numpy as np

from movenet.data.augment import AugmentationConfig, BodyHalves, body_halves, crop_reach, half_body_squares
from movenet.data.labels import training_points
from movenet.data.records import PictureRecord
from movenet.data.sets import Entry
from movenet.geometry import Part, Square, fitting_halvings, part_around, person_square
from movenet.skeleton import Skeleton


class Region(NamedTuple):
    """A part of a picture, stored with its sides halved so often."""

    part: Part
    halvings: int

    @property
    def width(self) -> int:
        return self.part.width_px >> self.halvings

    @property
    def height(self) -> int:
        return self.part.height_px >> self.halvings


@dataclass(frozen=True)
class RegionPlan:
    """What is to be stored of the pictures of a list of entries.

    Attributes:
        pictures: each picture once.
        regions: of each picture, one for all its persons or one for each.
        places: int64 [number of entries, 2]: the entry's picture, and the region in it.
    """

    pictures: tuple[PictureRecord, ...]
    regions: tuple[tuple[Region, ...], ...]
    places: np.ndarray


def plan_regions(
    entries: Sequence[Entry], skeleton: Skeleton, augmentation: AugmentationConfig, output_sizes: Sequence[int]
) -> RegionPlan:
    """The regions from which every crop of the entries can be made as from the whole pictures.

    Args:
        entries: the persons.
        skeleton: of the entries.
        augmentation: how far a crop is varied.
        output_sizes: sides in pixels of what is made of a crop: the network's input, a teacher's.
    """
    halves = body_halves(skeleton) if augmentation.half_body_probability > 0 else None
    members_of_picture: dict[tuple[Path, bool], list[int]] = {}
    for index, entry in enumerate(entries):
        members_of_picture.setdefault((entry.picture.path, entry.picture.upright), []).append(index)
    pictures: list[PictureRecord] = []
    regions: list[tuple[Region, ...]] = []
    places = np.zeros((len(entries), 2), np.int64)
    for members in members_of_picture.values():
        picture = entries[members[0]].picture
        squares = [_squares(entries[member], halves) for member in members]
        alone = tuple(_region(picture, of_one, augmentation, output_sizes) for of_one in squares)
        shared = _region(picture, [square for of_one in squares for square in of_one], augmentation, output_sizes)
        # Persons side by side are stored once; the small one in a corner of a large picture is stored apart.
        apart = sum(region.width * region.height for region in alone) < shared.width * shared.height
        places[members, 0] = len(pictures)
        places[members, 1] = np.arange(len(members)) if apart else 0
        pictures.append(picture)
        regions.append(alone if apart else (shared,))
    return RegionPlan(tuple(pictures), tuple(regions), places)


def _squares(entry: Entry, halves: BodyHalves | None) -> list[Square]:
    """What the crops of a person are variations of."""
    person = entry.picture.persons[entry.person]
    squares = [person_square(person.box_px, 1.0)]
    if halves is not None:
        points = training_points(person, entry.rules)
        squares += half_body_squares(points.points_px, points.labelled, halves)
    return squares


def _region(
    picture: PictureRecord, squares: Sequence[Square], augmentation: AugmentationConfig, output_sizes: Sequence[int]
) -> Region:
    """What all crops of some squares can touch, as fine as the finest of them."""
    middles = np.array([[square.center_x_px, square.center_y_px] for square in squares])
    sides = np.array([square.side_px for square in squares])
    reach = (crop_reach(augmentation) * sides)[:, None]
    finest = sides.min() * augmentation.scale_min / max(output_sizes)
    coarsest = sides.max() * augmentation.largest_scale / min(output_sizes)
    corners = np.concatenate([middles - reach, middles + reach])
    # Begun where the coarsest crop's averages begin, these are of the same pixels as in the whole picture.
    part = part_around(corners, 2 ** fitting_halvings(coarsest), picture.width_px, picture.height_px)
    return Region(part, fitting_halvings(finest))
