"""Changes of colours and quality on batches: what the library does to one picture, up to rounding."""

from __future__ import annotations

from pathlib import Path

import albumentations
import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from movenet.data.appearance import Appearance, Operation, Patch, apply_operations, draw_patches, paint_patches
from movenet.data.augment import AugmentationConfig
from movenet.data.batch_appearance import apply_groups, group_operations, paint_stacked, stack_patches
from movenet.data.jpeg import jpeg_compressed
from movenet.errors import ConfigError

SIZE = 64
EVERYTHING = AugmentationConfig(
    colour_probability=1.0, degrade_probability=1.0, blur_probability=1.0, jpeg_probability=1.0
)
# Mean difference from the library, in levels of 255, by transform; the others give the very same pixels.
MEAN_DIFFERENCE = {"HueSaturationValue": 0.1, "GaussianBlur": 0.01, "Defocus": 0.01, "ImageCompression": 0.7}


def made_pictures() -> list[np.ndarray]:
    """Smooth, sharp and noisy ones; uint8 RGB."""
    rng = np.random.default_rng(0)
    smooth = cv2.resize(rng.integers(0, 256, (5, 5, 3), np.uint8), (SIZE, SIZE), interpolation=cv2.INTER_CUBIC)
    sharp = smooth.copy()
    for _ in range(5):
        left, top = rng.integers(0, SIZE - 20, 2)
        sharp[top : top + 20, left : left + 15] = rng.integers(0, 256, 3)
    noisy = np.clip(sharp + rng.normal(0, 6, sharp.shape), 0, 255).astype(np.uint8)
    return [smooth, sharp, noisy]


def as_batch(pictures: list[np.ndarray]) -> Tensor:
    return torch.from_numpy(np.stack(pictures)).permute(0, 3, 1, 2)


def as_pictures(batch: Tensor) -> np.ndarray:
    return batch.permute(0, 2, 3, 1).numpy()


def mean_difference(one: np.ndarray, other: np.ndarray) -> float:
    return float(np.abs(one.astype(int) - other).mean())


@settings(max_examples=25)
@given(st.integers(0, 10_000))
def test_each_operation_does_what_the_library_does(seed: int) -> None:
    pictures = made_pictures()
    for operation in Appearance(EVERYTHING).draw(SIZE, np.random.default_rng(seed)):
        expected = [apply_operations(picture, [operation]) for picture in pictures]
        groups = group_operations([[operation]] * len(pictures))
        found = as_pictures(apply_groups(as_batch(pictures), groups))
        name = type(operation.transform).__name__
        assert mean_difference(np.stack(expected), found) <= MEAN_DIFFERENCE.get(name, 0.0), name


def test_every_kind_of_operation_is_drawn() -> None:
    """What the test above has seen, among its many seeds: everything that can be drawn."""
    rng = np.random.default_rng(0)
    appearance = Appearance(EVERYTHING)
    names = {type(one.transform).__name__ for _ in range(100) for one in appearance.draw(SIZE, rng)}
    assert names == {
        *("RandomBrightnessContrast", "HueSaturationValue", "RandomGamma", "RGBShift", "ToGray", "GaussianBlur"),
        *("MotionBlur", "Defocus", "ImageCompression", "GaussNoise"),
    }


def test_each_image_gets_its_own_operations_in_their_order() -> None:
    """Gray, then a shift of red; the same the other way round; nothing."""
    gray = Operation(albumentations.ToGray(p=1.0), {})
    red = Operation(albumentations.RGBShift(p=1.0), {"noise_map": np.array([60.0, 0.0, 0.0])})
    picture = made_pictures()[0]
    orders = [[gray, red], [red, gray], []]
    found = as_pictures(apply_groups(as_batch([picture] * 3), group_operations(orders)))
    for image, operations in zip(found, orders, strict=True):
        np.testing.assert_array_equal(image, apply_operations(picture, operations))
    assert mean_difference(found[0], found[1]) > 5


def test_an_operation_without_a_form_for_batches_is_refused() -> None:
    operation = Operation(albumentations.ChannelShuffle(p=1.0), {})
    with pytest.raises(ConfigError, match="on_device cannot do ChannelShuffle"):
        group_operations([[operation]])


@given(st.integers(0, 10_000))
def test_patches_are_painted_alike(seed: int) -> None:
    rng = np.random.default_rng(seed)
    pictures = [rng.integers(0, 256, (SIZE, SIZE, 3), np.uint8) for _ in range(4)]
    config = AugmentationConfig(drop_max_patches=4, drop_size_share=0.6)
    patches: list[list[Patch]] = [draw_patches(rng.uniform(0, SIZE, (n, 2)), SIZE, SIZE, config, rng) for n in range(4)]
    expected = [paint_patches(picture, of_one) for picture, of_one in zip(pictures, patches, strict=True)]
    found = as_pictures(paint_stacked(as_batch(pictures), stack_patches(patches)))
    np.testing.assert_array_equal(found, np.stack(expected))


def through_files(picture: np.ndarray, quality: int) -> np.ndarray:
    _, encoded = cv2.imencode(".jpg", picture[..., ::-1], (cv2.IMWRITE_JPEG_QUALITY, quality))
    return cv2.imdecode(encoded, cv2.IMREAD_COLOR)[..., ::-1]


@pytest.mark.parametrize("quality", [1, 10, 49, 50, 75, 90, 100])
def test_jpeg_is_that_of_the_files(quality: int) -> None:
    pictures = made_pictures()
    expected = np.stack([through_files(picture, quality) for picture in pictures])
    found = as_pictures(jpeg_compressed(as_batch(pictures), torch.full((len(pictures),), quality)))
    assert mean_difference(expected, found) < 0.7
    # A coefficient on the border between two steps may fall on the other side: some blocks are a step off.
    assert (np.abs(expected.astype(int) - found) > 8).mean() < 0.03


def test_jpeg_of_photographs(data_root: Path) -> None:
    paths = sorted((data_root / "coco" / "images").glob("*"))[:40]
    pictures = [cv2.resize(cv2.imread(str(path)), (SIZE, SIZE), interpolation=cv2.INTER_AREA) for path in paths]
    for quality in (30, 80):
        expected = np.stack([through_files(picture, quality) for picture in pictures])
        found = as_pictures(jpeg_compressed(as_batch(pictures), torch.full((len(pictures),), quality)))
        assert mean_difference(expected, found) < 0.5
        assert mean_difference(expected, np.stack(pictures)) > 2


def test_a_batch_gets_the_quality_of_each() -> None:
    pictures = made_pictures()
    qualities = torch.tensor([5, 60, 95])
    together = jpeg_compressed(as_batch(pictures), qualities)
    for number, quality in enumerate(qualities):
        alone = jpeg_compressed(as_batch(pictures[number : number + 1]), quality[None])
        assert torch.equal(together[number], alone[0])
