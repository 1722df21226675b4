"""Training-time variation: how far, and of the crop (one affine move).

Scale, rotation, shift and mirror are drawn together and applied as ONE resampling of the original picture: a chain of
separate warps would blur the picture and cut corners that a rotation then needs. Everything after that leaves the
points where they are (`movenet.data.appearance`).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from typing import NamedTuple

import numpy as np

from movenet.data.boxes import MARGIN_SHARE
from movenet.data.sets import SetConfig
from movenet.errors import ConfigError
from movenet.geometry import Square, square_matrix
from movenet.skeleton import Skeleton

_PROBABILITIES = (
    "surroundings",
    "any_rotation",
    "mirror",
    "colour",
    "degrade",
    "half_body",
    "blur",
    "jpeg",
    "drop",
)


@dataclass(frozen=True)
class AugmentationConfig:
    """How far the training pictures are varied.

    Attributes:
        scale_min, scale_max: side of the crop as a multiple of the longer side of the person's box, drawn evenly in
            the logarithm.
        fit_scale_to: a set as the network will be shown it, picture by picture: instead of by `scale_min` and
            `scale_max`, the side is drawn so that persons get the sizes that they have there (see
            `movenet.data.fitted_scales`). Its paths start from the data's root.
        shift_share: the crop's center moves by up to this share of its side, in x and in y.
        surroundings_probability: share of samples that show the person as a first frame does: small, and anywhere in
            the crop. Its side is then drawn between `scale_max` and `surroundings_scale_max`, and its center moves as
            far as the person's box stays inside (before the crop is turned). Not where `fit_scale_to` draws the side.
        surroundings_scale_max: the largest side of such a crop, as a multiple of the box's longer side.
        rotation_degrees: standard deviation of the rotation, cut off at twice that.
        any_rotation_probability: share of samples that are turned by any angle (people upside down).
        mirror_probability: share of samples that are mirrored.
        colour_probability: share of samples whose brightness, contrast, hue or saturation changes.
        degrade_probability: share of samples that are blurred, compressed, noisy or gray.
        half_body_probability: share of samples that are cropped around one half of the body, above or below the hips.
        blur_probability: share of samples that are blurred, by focus or by motion, besides `degrade_probability`.
        jpeg_probability: share of samples that are compressed, besides `degrade_probability` ...
        jpeg_quality_min, jpeg_quality_max: ... with JPEG's quality between these, 1..100.
        drop_probability: share of samples in which patches on and around labelled joints are painted over; the joints
            stay labelled, so that they are to be found by the rest of the body (information dropping: Huang et al.,
            AID, arXiv 2008.07139).
        drop_max_patches: a sample gets between one and this many of them.
        drop_size_share: largest side of a patch as a share of the longer side of the person's box.
    """

    scale_min: float = 1.0
    scale_max: float = 2.0
    fit_scale_to: SetConfig | None = None
    shift_share: float = 0.1
    surroundings_probability: float = 0.0
    surroundings_scale_max: float = 3.0
    rotation_degrees: float = 20.0
    any_rotation_probability: float = 0.1
    mirror_probability: float = 0.5
    colour_probability: float = 0.6
    degrade_probability: float = 0.3
    half_body_probability: float = 0.0
    blur_probability: float = 0.0
    jpeg_probability: float = 0.0
    jpeg_quality_min: int = 30
    jpeg_quality_max: int = 90
    drop_probability: float = 0.0
    drop_max_patches: int = 3
    drop_size_share: float = 0.2

    def __post_init__(self) -> None:
        if not 0 < self.scale_min <= self.scale_max:
            raise ConfigError("augmentation: needs 0 < scale_min <= scale_max")
        if self.surroundings_probability > 0 and self.surroundings_scale_max < self.scale_max:
            raise ConfigError("augmentation: surroundings_scale_max must not be below scale_max")
        if self.shift_share < 0 or self.rotation_degrees < 0:
            raise ConfigError("augmentation: shift_share and rotation_degrees must not be negative")
        for name in _PROBABILITIES:
            if not 0 <= getattr(self, f"{name}_probability") <= 1:
                raise ConfigError(f"augmentation: {name}_probability must lie in 0..1")
        if not 1 <= self.jpeg_quality_min <= self.jpeg_quality_max <= 100:
            raise ConfigError("augmentation: needs 1 <= jpeg_quality_min <= jpeg_quality_max <= 100")
        if self.drop_max_patches < 1 or self.drop_size_share <= 0:
            raise ConfigError("augmentation: needs drop_max_patches >= 1 and drop_size_share > 0")

    @property
    def largest_scale(self) -> float:
        """Of all crops, as a multiple of the box's longer side."""
        return self.surroundings_scale_max if self.surroundings_probability > 0 else self.scale_max

    def with_scale(self, scale: float) -> AugmentationConfig:
        """The same with a range of scales that holds this one, too."""
        return replace(self, scale_min=min(self.scale_min, scale), scale_max=max(self.scale_max, scale))


@dataclass(frozen=True)
class CropMove:
    """One draw of the geometric variation.

    Attributes:
        matrix: float64 [2, 3], `_px` -> `_input`.
        mirrored: whether left and right changed places, so that the points must too.
    """

    matrix: np.ndarray
    mirrored: bool


def draw_crop_move(
    square: Square, size: int, config: AugmentationConfig, rng: np.random.Generator, scale: float | None = None
) -> CropMove:
    """Vary a crop.

    Args:
        square: tight around the person: its side is the longer side of the person's box.
        size: side of the network's input in pixels.
        config: how far.
        rng: the only source of chance.
        scale: the crop's side as a multiple of the square's, where it is fitted to a target set; else it is drawn.
    """
    # Where it is off no chance is used up: recipes without it draw what they always drew.
    may_be_wide = scale is None and config.surroundings_probability > 0
    surroundings = may_be_wide and rng.random() < config.surroundings_probability
    if surroundings:
        scale = _draw_evenly_in_logarithm(config.scale_max, config.surroundings_scale_max, rng)
    elif scale is None:
        scale = _draw_evenly_in_logarithm(config.scale_min, config.scale_max, rng)
    side = square.side_px * scale
    shift_share = _surroundings_shift_share(scale, config) if surroundings else config.shift_share
    shift_x, shift_y = rng.uniform(-shift_share, shift_share, 2) * side
    varied = replace(
        square, center_x_px=square.center_x_px + shift_x, center_y_px=square.center_y_px + shift_y, side_px=side
    )
    if rng.random() < config.any_rotation_probability:
        rotation = rng.uniform(-180.0, 180.0)
    else:
        limit = 2 * config.rotation_degrees
        rotation = min(max(rng.normal(0.0, config.rotation_degrees), -limit), limit)
    mirrored = bool(rng.random() < config.mirror_probability)
    return CropMove(square_matrix(varied, size, rotation, mirrored), mirrored)


def crop_reach(config: AugmentationConfig) -> float:
    """How far from the middle of a square its crops reach, to the left, right, up and down, in sides of the square."""
    tilt_degrees = 45.0 if config.any_rotation_probability > 0 else min(2 * config.rotation_degrees, 45.0)
    tilt = math.radians(tilt_degrees)
    corner = (math.cos(tilt) + math.sin(tilt)) / 2
    reach = config.scale_max * (config.shift_share + corner)
    if config.surroundings_probability > 0:
        largest = config.surroundings_scale_max
        reach = max(reach, largest * (_surroundings_shift_share(largest, config) + corner))
    return reach


def _draw_evenly_in_logarithm(smallest: float, largest: float, rng: np.random.Generator) -> float:
    return math.exp(rng.uniform(math.log(smallest), math.log(largest)))


def _surroundings_shift_share(scale: float, config: AugmentationConfig) -> float:
    """How far a crop with surroundings moves: until the person's box touches its border."""
    return max(config.shift_share, (1 - 1 / scale) / 2)


# Fewer points do not tell where a half of the body is.
_MIN_HALF_POINTS = 3


def half_body_square(
    points_px: np.ndarray, labelled: np.ndarray, halves: BodyHalves, rng: np.random.Generator
) -> Square | None:
    """A square tight around one half of a person; None if too few of that half's points are labelled.

    Args:
        points_px: float [K, 2].
        labelled: bool [K].
        halves: of the skeleton.
        rng: chooses the half.
    """
    return _square_around(points_px[labelled & (halves.upper if rng.random() < 0.5 else halves.lower)])


def half_body_squares(points_px: np.ndarray, labelled: np.ndarray, halves: BodyHalves) -> list[Square]:
    """Those that `half_body_square` may give."""
    squares = (_square_around(points_px[labelled & half]) for half in halves)
    return [square for square in squares if square is not None]


def _square_around(points_px: np.ndarray) -> Square | None:
    if len(points_px) < _MIN_HALF_POINTS:
        return None
    smallest, largest = points_px.min(axis=0), points_px.max(axis=0)
    (center_x, center_y), side = (smallest + largest) / 2, float((largest - smallest).max())
    # Points lie inside the body.
    return Square(float(center_x), float(center_y), max(side, 1.0) * (1 + 2 * MARGIN_SHARE))


class BodyHalves(NamedTuple):
    """Which keypoints are above the hips and which are not; bool [K] each."""

    upper: np.ndarray
    lower: np.ndarray


def body_halves(skeleton: Skeleton) -> BodyHalves:
    """By which end of the torso is fewer bones away; what no bone joins to the torso, as COCO's face, is upper.

    Raises:
        ConfigError: if the skeleton has no torso.
    """
    if skeleton.torso is None:
        raise ConfigError("augmentation: half_body_probability needs a skeleton with a 'torso'")
    upper, lower = (_bones_away(skeleton, skeleton.index(name)) for name in skeleton.torso)
    is_lower = lower < upper
    return BodyHalves(~is_lower, is_lower)


def _bones_away(skeleton: Skeleton, end: int) -> np.ndarray:
    """float [K]: number of bones from a keypoint or its mirror partner; infinite where none lead there."""
    away = np.full(skeleton.num_keypoints, np.inf)
    away[[end, skeleton.mirror_permutation[end]]] = 0
    for _ in range(skeleton.num_keypoints):
        for first, second in skeleton.edge_indices:
            away[first] = min(away[first], away[second] + 1)
            away[second] = min(away[second], away[first] + 1)
    return away
