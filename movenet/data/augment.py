"""Training-time variation of the crop (one affine move) and of the colours (albumentations).

Scale, rotation, shift and mirror are drawn together and applied as ONE resampling of the original picture: a chain of
separate warps would blur the picture and cut corners that a rotation then needs. Everything after that, which leaves
the points where they are, is albumentations.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import albumentations
import numpy as np

from movenet.errors import ConfigError
from movenet.geometry import Square, square_matrix


@dataclass(frozen=True)
class AugmentationConfig:
    """How far the training pictures are varied.

    Attributes:
        scale_min, scale_max: side of the crop as a multiple of the longer side of the person's box, drawn evenly in
            the logarithm.
        shift_share: the crop's center moves by up to this share of its side, in x and in y.
        rotation_degrees: standard deviation of the rotation, cut off at twice that.
        any_rotation_probability: share of samples that are turned by any angle (people upside down).
        mirror_probability: share of samples that are mirrored.
        colour_probability: share of samples whose brightness, contrast, hue or saturation changes.
        degrade_probability: share of samples that are blurred, compressed, noisy or gray.
    """

    scale_min: float = 1.0
    scale_max: float = 2.0
    shift_share: float = 0.1
    rotation_degrees: float = 20.0
    any_rotation_probability: float = 0.1
    mirror_probability: float = 0.5
    colour_probability: float = 0.6
    degrade_probability: float = 0.3

    def __post_init__(self) -> None:
        if not 0 < self.scale_min <= self.scale_max:
            raise ConfigError("augmentation: needs 0 < scale_min <= scale_max")
        if self.shift_share < 0 or self.rotation_degrees < 0:
            raise ConfigError("augmentation: shift_share and rotation_degrees must not be negative")
        for name in ("any_rotation", "mirror", "colour", "degrade"):
            if not 0 <= getattr(self, f"{name}_probability") <= 1:
                raise ConfigError(f"augmentation: {name}_probability must lie in 0..1")


@dataclass(frozen=True)
class CropMove:
    """One draw of the geometric variation.

    Attributes:
        matrix: float64 [2, 3], `_px` -> `_input`.
        mirrored: whether left and right changed places, so that the points must too.
    """

    matrix: np.ndarray
    mirrored: bool


def draw_crop_move(square: Square, size: int, config: AugmentationConfig, rng: np.random.Generator) -> CropMove:
    """Vary a crop.

    Args:
        square: tight around the person: its side is the longer side of the person's box.
        size: side of the network's input in pixels.
        config: how far.
        rng: the only source of chance.
    """
    scale = float(np.exp(rng.uniform(np.log(config.scale_min), np.log(config.scale_max))))
    side = square.side_px * scale
    shift_x, shift_y = rng.uniform(-config.shift_share, config.shift_share, 2) * side
    varied = replace(
        square, center_x_px=square.center_x_px + shift_x, center_y_px=square.center_y_px + shift_y, side_px=side
    )
    if rng.random() < config.any_rotation_probability:
        rotation = rng.uniform(-180.0, 180.0)
    else:
        limit = 2 * config.rotation_degrees
        rotation = float(np.clip(rng.normal(0.0, config.rotation_degrees), -limit, limit))
    mirrored = bool(rng.random() < config.mirror_probability)
    return CropMove(square_matrix(varied, size, rotation, mirrored), mirrored)


def appearance_transform(config: AugmentationConfig) -> albumentations.Compose:
    """Colour and quality; call it as `transform(image=uint8 RGB)["image"]`, seed it by `set_random_seed`."""
    colour = albumentations.OneOf(
        [
            albumentations.RandomBrightnessContrast(brightness_limit=0.3, contrast_limit=0.3, p=1.0),
            albumentations.HueSaturationValue(hue_shift_limit=15, sat_shift_limit=40, val_shift_limit=25, p=1.0),
            albumentations.RandomGamma(gamma_limit=(60, 160), p=1.0),
            albumentations.RGBShift(r_shift_limit=25, g_shift_limit=25, b_shift_limit=25, p=1.0),
        ],
        p=config.colour_probability,
    )
    degrade = albumentations.OneOf(
        [
            albumentations.ToGray(p=1.0),
            albumentations.GaussianBlur(blur_limit=(3, 5), p=1.0),
            albumentations.MotionBlur(blur_limit=(3, 7), p=1.0),
            albumentations.ImageCompression(quality_range=(30, 80), p=1.0),
            albumentations.GaussNoise(std_range=(0.02, 0.08), p=1.0),
        ],
        p=config.degrade_probability,
    )
    return albumentations.Compose([colour, degrade])
