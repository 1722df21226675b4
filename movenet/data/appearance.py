"""Variation of a crop's colours and quality (albumentations) and dropped patches: drawn first, applied afterwards.

What is drawn needs no picture, so that it can be applied here, to one picture, or elsewhere to a batch of them
(`movenet.data.batch_appearance`).
"""

from __future__ import annotations

import random
from collections.abc import Sequence
from functools import partial
from typing import Any, NamedTuple

import albumentations
import numpy as np

from movenet.data.augment import AugmentationConfig


class Operation(NamedTuple):
    """A transform and what was drawn for it."""

    transform: albumentations.ImageOnlyTransform
    params: dict[str, Any]


class Patch(NamedTuple):
    """A rectangle that is painted over, in pixels of the image.

    Attributes:
        left, top, right, bottom: its edges; the last two lie outside.
        colour_y, colour_x: the pixel that it gets its colour from, as it was before any patch.
    """

    left: int
    top: int
    right: int
    bottom: int
    colour_y: int
    colour_x: int


class Appearance:
    """Draws how colours and quality of a crop are changed.

    Args:
        config: how often, how far.
    """

    def __init__(self, config: AugmentationConfig) -> None:
        self._transform = _transform(config)

    def draw(self, size: int, rng: np.random.Generator) -> list[Operation]:
        """The operations on one image, in their order.

        Args:
            size: side of the image in pixels.
            rng: the only source of chance.
        """
        self._transform.set_random_state(rng, random.Random(int(rng.integers(2**63))))
        # Only its shape and type matter.
        blank = np.broadcast_to(np.uint8(0), (size, size, 3))
        drawn: list[Operation] = []
        self._transform(image=blank, drawn=drawn)
        return drawn


def apply_operations(image: np.ndarray, operations: Sequence[Operation]) -> np.ndarray:
    """uint8 RGB [S, S, 3] after some operations."""
    for transform, params in operations:
        image = np.ascontiguousarray(transform.apply(image, **params))
    return image


def draw_patches(
    points_input: np.ndarray, size_input: float, size: int, config: AugmentationConfig, rng: np.random.Generator
) -> list[Patch]:
    """Patches on and around joints.

    Args:
        points_input: float [J, 2], the labelled joints inside.
        size_input: the longer side of the person's box, in pixels of the image.
        size: side of the image in pixels.
        config: how many, how large.
        rng: the only source of chance.
    """
    if len(points_input) == 0:
        return []
    patches = []
    for joint in rng.integers(len(points_input), size=rng.integers(1, config.drop_max_patches + 1)):
        side = rng.uniform(0.3, 1.0) * config.drop_size_share * size_input
        # Up to half a side away: on the joint, or beside it.
        left, top = points_input[joint] - side / 2 + rng.uniform(-0.5, 0.5, 2) * side
        edges = np.clip(np.rint([left, top, left + side, top + side]), 0, size).astype(int)
        patches.append(Patch(*edges.tolist(), *rng.integers(size, size=2).tolist()))
    return patches


def paint_patches(image: np.ndarray, patches: Sequence[Patch]) -> np.ndarray:
    """A uint8 [S, S, 3] image with patches, each in one colour: a pixel's of the image. The image stays as it is."""
    result = image.copy() if patches else image
    for patch in patches:
        colour = image[patch.colour_y, patch.colour_x]
        result[patch.top : patch.bottom, patch.left : patch.right] = colour
    return result


def _transform(config: AugmentationConfig) -> albumentations.Compose:
    """Call it with an image of the right shape and a list `drawn`, which it fills; nothing is applied."""
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
    steps = [colour, degrade]
    # A transform that is never applied would still use up random numbers, and so change every sample.
    if config.blur_probability > 0:
        kinds = [
            albumentations.GaussianBlur(blur_limit=(3, 7), p=1.0),
            albumentations.Defocus(radius=(1, 4), p=1.0),
            albumentations.MotionBlur(blur_limit=(3, 9), p=1.0),
        ]
        steps.append(albumentations.OneOf(kinds, p=config.blur_probability))
    if config.jpeg_probability > 0:
        quality = config.jpeg_quality_min, config.jpeg_quality_max
        steps.append(albumentations.ImageCompression(quality_range=quality, p=config.jpeg_probability))
    for step in steps:
        for transform in step.transforms if isinstance(step, albumentations.OneOf) else [step]:
            # The library draws, then calls this method of the transform.
            vars(transform)["apply_with_params"] = partial(_note, transform)
    return albumentations.Compose(steps)


def _note(transform: albumentations.ImageOnlyTransform, params: dict[str, Any], **data: Any) -> dict[str, Any]:
    data["drawn"].append(Operation(transform, params))
    return data
