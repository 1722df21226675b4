"""Training crops: points stay on the picture's content, chance depends on the key alone, bad pictures are counted."""

from __future__ import annotations

import gc
import tracemalloc
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch.utils.data import DataLoader

from movenet.data.augment import AugmentationConfig
from movenet.data.cache import open_cache
from movenet.data.coco import read_coco
from movenet.data.dataset import CropDataset, Sample, collate
from movenet.data.labels import LabelRules
from movenet.data.records import PictureRecord
from movenet.data.regions import plan_regions
from movenet.data.sampler import WeightedEpochSampler
from movenet.data.sets import Entry, SetConfig, training_entries
from movenet.errors import ConfigError, DataError
from movenet.skeleton import COCO17, Skeleton
from tests.data.marks import PAIR, marked_picture
from tests.data.small_sets import coco_content, write_set

SIZE = 96
GEOMETRY_ONLY = {"colour_probability": 0.0, "degrade_probability": 0.0}


def dataset_of(picture: PictureRecord, skeleton: Skeleton, shift_px: float = 0.0, **augmentation: float) -> CropDataset:
    config = AugmentationConfig(**augmentation)
    return CropDataset([Entry(picture, 0, LabelRules(shift_px=shift_px))], skeleton, SIZE, 3, config, seed=5)


def moved_labels(picture: PictureRecord, left_and_up_px: float) -> PictureRecord:
    """The picture with labels that do not lie on what they mark."""
    persons = [replace(person, points_px=person.points_px - np.float32(left_and_up_px)) for person in picture.persons]
    return replace(picture, persons=tuple(persons))


@pytest.mark.parametrize("shift_px", [0.0, 6.0])
@pytest.mark.parametrize("mirror_probability", [0.0, 1.0])
def test_augmented_points_lie_to_their_marks_as_the_labels_do(
    mirror_probability: float, shift_px: float, tmp_path: Path
) -> None:
    picture = marked_picture(tmp_path, np.array([[90.0, 80.0], [150.0, 130.0]]))
    longer_side_px = max(picture.persons[0].box_px[2:])
    dataset = dataset_of(
        moved_labels(picture, shift_px),
        PAIR,
        shift_px,
        any_rotation_probability=1.0,
        scale_min=1.5,
        mirror_probability=mirror_probability,
        **GEOMETRY_ONLY,
    )
    # RGB: the left point's disc is blue, the right one's red. A mirrored picture has its discs mirrored, and what was
    # the left one is now the right point.
    channels = (2, 0) if mirror_probability == 0 else (0, 2)
    checked = 0
    for epoch in range(20):
        sample = dataset[(epoch, 0)]
        assert sample is not None
        for keypoint, channel in enumerate(channels):
            if not sample.labelled[0, keypoint]:
                continue
            brightness = sample.image[channel].double()
            ys, xs = torch.meshgrid(torch.arange(SIZE), torch.arange(SIZE), indexing="ij")
            found = torch.stack([(xs + 0.5) * brightness, (ys + 0.5) * brightness]).sum((1, 2)) / brightness.sum()
            expected = (sample.points_unit[0, keypoint] + shift_px * sample.size_unit[0] / longer_side_px) * SIZE
            if expected.min() > 16 and expected.max() < SIZE - 16:  # the disc is wholly inside
                assert torch.linalg.norm(found - expected) < 0.4
                checked += 1
    assert checked > 15


def test_points_outside_the_crop_are_not_learnt(tmp_path: Path) -> None:
    picture = marked_picture(tmp_path, np.array([[60.0, 60.0], [180.0, 180.0]]))
    sample = dataset_of(picture, PAIR, scale_min=0.5, scale_max=0.5, **GEOMETRY_ONLY)[(0, 0)]
    assert sample is not None
    assert not sample.labelled[0].all()
    inside = ((sample.points_unit >= 0) & (sample.points_unit < 1)).all(dim=-1)
    assert inside[sample.labelled].all()


def samples_of(dataset: CropDataset, epoch: int) -> list[Sample]:
    samples = [dataset[(epoch, index)] for index in range(len(dataset))]
    return [sample for sample in samples if sample is not None]


@pytest.fixture
def small_set(tmp_path: Path) -> CropDataset:
    annotations, images = write_set(tmp_path, coco_content())
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(annotations, images, COCO17)]
    return CropDataset(entries, COCO17, SIZE, 3, AugmentationConfig(), seed=7)


def test_a_sample_depends_on_epoch_and_index_alone(small_set: CropDataset) -> None:
    forwards = samples_of(small_set, epoch=3)
    backwards = [small_set[(3, index)] for index in reversed(range(len(small_set)))]
    for first, second in zip(forwards, reversed(backwards), strict=True):
        assert second is not None
        assert all(torch.equal(a, b) for a, b in zip(first, second, strict=True))


def test_epochs_differ(small_set: CropDataset) -> None:
    assert not torch.equal(samples_of(small_set, 0)[0].image, samples_of(small_set, 1)[0].image)


def test_neighbours_fill_the_rows_behind_the_main_person(tmp_path: Path) -> None:
    content = coco_content(num_pictures=3)
    for annotation in content["annotations"]:
        annotation["image_id"] = 0
    annotations, images = write_set(tmp_path, content)
    picture = read_coco(annotations, images, COCO17)[0]
    entry = Entry(picture, 2, LabelRules())
    config = AugmentationConfig(
        scale_min=2.0, scale_max=2.0, shift_share=0, rotation_degrees=0, any_rotation_probability=0
    )
    dataset = CropDataset([entry], COCO17, SIZE, 2, config, seed=0)
    sample = dataset[(0, 0)]
    assert sample is not None
    assert sample.labelled.any(dim=1).tolist() == [True, True]
    extent = sample.points_unit[0].amax(dim=0) - sample.points_unit[0].amin(dim=0)
    width, height = picture.persons[2].box_px[2:]
    # The crop is twice the longer side wide and person 2, not 0, is in its first row.
    np.testing.assert_allclose(extent.numpy() * 2 * max(width, height), (width, height), rtol=1e-3)


@pytest.mark.parametrize("damage", ["missing", "empty", "truncated"])
def test_unreadable_pictures_are_skipped_counted_and_named(
    damage: str, small_set: CropDataset, caplog: pytest.LogCaptureFixture
) -> None:
    path = small_set.entries[1].picture.path
    if damage == "missing":
        path.unlink()
    else:
        path.write_bytes(b"" if damage == "empty" else path.read_bytes()[:300])
    batch = collate([small_set[(0, index)] for index in range(len(small_set))])
    assert batch.num_skipped == 1
    assert len(batch.samples.image) == len(small_set) - 1
    assert str(path) in caplog.text


def test_a_batch_without_one_readable_picture_is_an_error() -> None:
    with pytest.raises(DataError, match="not one"):
        collate([None, None])


@pytest.mark.parametrize(
    "values",
    [
        {"scale_min": 0.0},
        {"scale_min": 3.0},
        {"surroundings_probability": 0.1, "surroundings_scale_max": 1.0},
        {"mirror_probability": 1.5},
        {"shift_share": -0.1},
    ],
)
def test_impossible_augmentation_is_refused(values: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="augmentation"):
        AugmentationConfig(**values)


def test_real_photographs_make_crops(data_root: Path) -> None:
    dev = SetConfig("coco/dev.json", "coco/images", min_keypoints=5)
    entries, _ = training_entries([dev], data_root, COCO17)
    dataset = CropDataset(entries[:40], COCO17, SIZE, 4, AugmentationConfig(), seed=0)
    batch = collate([dataset[(0, index)] for index in range(len(dataset))])
    assert batch.num_skipped == 0
    assert batch.samples.image.float().mean() > 20
    labelled_inside = batch.samples.labelled[:, 0].sum()
    labelled = sum(entry.picture.persons[entry.person].num_labelled for entry in dataset.entries)
    assert labelled_inside > 0.9 * labelled


def test_memory_stays_flat_over_thousands_of_samples(tmp_path: Path) -> None:
    """What Python and NumPy hold after 500 samples is what they hold after 2,000, but for a tenth of their pixels.

    Not less: NumPy's cache of small blocks is still filling up by then (the next 6,000 samples add 20 kB).
    """
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(*write_set(tmp_path, coco_content()), COCO17)]
    augmentation = AugmentationConfig(half_body_probability=0.3, drop_probability=0.3)
    cache = open_cache(tmp_path / "cache", plan_regions(entries, COCO17, augmentation, [32]), 1)
    for kept in (None, cache):
        dataset = CropDataset(entries, COCO17, 32, 2, augmentation, 0, None, kept)
        sampler = WeightedEpochSampler(np.ones(len(entries)), 2000, seed=0)
        held = []
        tracemalloc.start()
        try:
            for number, _ in enumerate(DataLoader(dataset, 20, sampler=sampler, collate_fn=collate), start=1):
                if number in (25, 100):
                    gc.collect()
                    held.append(tracemalloc.take_snapshot())
        finally:
            tracemalloc.stop()
        # Largest first: what an assertion that fails shows.
        grown = [(change.size_diff, str(change.traceback)) for change in held[1].compare_to(held[0], "lineno")]
        assert sum(size for size, _ in grown) < 0.1 * 1500 * (32 * 32 * 3), grown[:5]
