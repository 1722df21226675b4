"""Samples made in batches on a device are those that the workers make."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from movenet.data.augment import AugmentationConfig
from movenet.data.cache import open_cache
from movenet.data.coco import read_coco
from movenet.data.dataset import Batch, CropDataset, collate
from movenet.data.device_crops import DeviceCrops, DrawnCrops, collate_drawn
from movenet.data.labels import LabelRules
from movenet.data.pseudo_labels import PseudoLabels
from movenet.data.pyramids import CropSource, PyramidLayout, cut_crops
from movenet.data.records import PersonRecord, PictureRecord
from movenet.data.regions import plan_regions
from movenet.data.sampler import WeightedEpochSampler
from movenet.data.sets import Entry, SetConfig, training_entries
from movenet.data.targets import TargetConfig, encode_targets
from movenet.errors import DataError
from movenet.geometry import Square, square_matrix, warp_picture
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_content, write_set

SIZE = 64
CPU = torch.device("cpu")
PLAIN = AugmentationConfig(colour_probability=0.0, degrade_probability=0.0)
EVERYTHING = AugmentationConfig(
    any_rotation_probability=0.5,
    half_body_probability=0.3,
    blur_probability=0.3,
    jpeg_probability=0.3,
    drop_probability=0.6,
)


class BothWays:
    """The samples of a dataset by the workers' way, and by the device's."""

    def __init__(
        self,
        entries: list[Entry],
        path: Path,
        augmentation: AugmentationConfig,
        view_size: int | None = None,
        pseudo_labels: PseudoLabels | None = None,
    ) -> None:
        sizes = [SIZE] if view_size is None else [SIZE, view_size]
        self.cache = open_cache(path, plan_regions(entries, COCO17, augmentation, sizes), threads=1)
        self.dataset = CropDataset(
            entries, COCO17, SIZE, 3, augmentation, 5, view_size, self.cache, pseudo_labels=pseudo_labels
        )
        self.layout = PyramidLayout(self.cache)
        self.drawn = DrawnCrops(self.dataset, self.layout)
        self.device_crops = DeviceCrops(self.layout, CPU, SIZE, view_size)

    def batches(self, epoch: int) -> tuple[Batch, Batch]:
        keys = [(epoch, index) for index in range(len(self.dataset))]
        drawn = collate_drawn([self.drawn[key] for key in keys])
        return collate([self.dataset[key] for key in keys]), self.device_crops.batch(drawn)


def differences(workers: Batch, device: Batch) -> np.ndarray:
    """[N, S, S]: between the images, in levels of 255; everything else must be equal."""
    labels = zip(workers.samples[1:-1], device.samples[1:-1], strict=True)
    assert all(torch.equal(one, other) for one, other in labels)
    assert workers.num_skipped == device.num_skipped
    assert workers.samples.image.dtype == device.samples.image.dtype
    assert workers.samples.image.stride() == device.samples.image.stride()
    return (workers.samples.image.int() - device.samples.image.int()).abs().float().mean(dim=1).numpy()


def worst_block(difference: np.ndarray) -> float:
    """The mean of the worst 16 x 16 pixels of a batch: something that is wrong in one place alone."""
    number, side = len(difference), SIZE // 16
    return float(difference.reshape(number, side, 16, side, 16).mean(axis=(2, 4)).max())


def people(folder: Path, seed: int = 0) -> list[Entry]:
    """A large and a small person in a large picture of smooth and sharp things; the small one's region is far finer."""
    rng = np.random.default_rng(seed)
    image = cv2.resize(rng.integers(0, 256, (30, 40, 3), np.uint8), (801, 603), interpolation=cv2.INTER_LINEAR)
    image[200:210] = 255
    image[:, 333:336] = 0
    folder.mkdir(exist_ok=True)
    cv2.imwrite(str(folder / "people.png"), image)
    persons = []
    for number, (x, y, width, height) in enumerate([(20, 10, 500, 560), (300, 200, 40, 60), (740, 500, 61, 103)]):
        points = rng.uniform([x, y], [x + width, y + height], (COCO17.num_keypoints, 2)).astype(np.float32)
        visibility = np.full(COCO17.num_keypoints, 2, np.int8)
        persons.append(PersonRecord(number, (x, y, width, height), width * height, points, visibility))
    picture = PictureRecord(1, folder / "people.png", 801, 603, tuple(persons))
    return [Entry(picture, number, LabelRules()) for number in range(len(persons))]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("people")


@settings(max_examples=20)
@given(data=st.data())
def test_any_crop_is_the_workers_crop(data: st.DataObject, folder: Path) -> None:
    """Turned, mirrored, shifted, smaller and larger than the picture's pixels, inside and outside of it."""
    scale_min = data.draw(st.floats(0.2, 2.0))
    scale_max = scale_min * data.draw(st.floats(1.0, 4.0))
    augmentation = replace(
        PLAIN,
        scale_min=scale_min,
        scale_max=scale_max,
        surroundings_probability=data.draw(st.sampled_from([0.0, 0.5])),
        surroundings_scale_max=scale_max * data.draw(st.floats(1.0, 2.0)),
        shift_share=data.draw(st.sampled_from([0.0, 0.4])),
        any_rotation_probability=data.draw(st.sampled_from([0.0, 1.0])),
        rotation_degrees=data.draw(st.sampled_from([0.0, 30.0])),
        mirror_probability=data.draw(st.sampled_from([0.0, 1.0])),
    )
    both = BothWays(people(folder, data.draw(st.integers(0, 3))), folder / "cache", augmentation)
    for epoch in range(3):
        found = differences(*both.batches(epoch))
        assert found.max() <= 1
        assert found.mean() < 0.02


def test_with_all_changes_the_samples_are_the_same(folder: Path) -> None:
    both = BothWays(people(folder), folder / "all", EVERYTHING)
    for epoch in range(20):
        found = differences(*both.batches(epoch))
        assert found.mean(axis=(1, 2)).max() < 1
        assert worst_block(found) < 6


def test_a_teachers_view_is_the_workers_view(folder: Path) -> None:
    workers, device = BothWays(people(folder), folder / "view", EVERYTHING, view_size=96).batches(0)
    assert device.samples.view.shape == (3, 3, 96, 96)
    assert int((workers.samples.view.int() - device.samples.view.int()).abs().max()) <= 1


def test_labels_that_a_run_gives_itself_count_on_the_device_too(folder: Path) -> None:
    entries = [replace(entry, unlabelled=True) for entry in people(folder)]
    labels = PseudoLabels(entries, COCO17.num_keypoints)
    both = BothWays(entries, folder / "unlabelled", EVERYTHING, pseudo_labels=labels)
    before = both.batches(0)[1].samples.labelled[:, 0].any(dim=1)
    person = entries[0].picture.persons[0]
    labels.write(np.array([0]), person.points_px[None], np.ones((1, COCO17.num_keypoints), bool))
    workers, device = both.batches(0)
    assert before.tolist() == [False, False, False]
    assert device.samples.labelled[:, 0].any(dim=1).tolist() == [True, False, False]
    assert differences(workers, device).mean() < 1


def test_the_targets_are_the_same(folder: Path) -> None:
    maps = []
    for batch in BothWays(people(folder), folder / "targets", EVERYTHING).batches(2):
        samples = batch.samples
        known = samples.points_unit, samples.labelled, samples.size_unit, samples.ignored
        maps.append(encode_targets(*known, SIZE // 4, TargetConfig()))
    assert all(torch.equal(one, other) for one, other in zip(*maps, strict=True))


def test_a_crop_of_a_far_larger_picture_is_not_torn(tmp_path: Path) -> None:
    """Stripes of one pixel, of which sixteen become one: their mean, not one of them."""
    stripes = np.zeros((512, 512, 3), np.uint8)
    stripes[:, ::2] = 200
    cv2.imwrite(str(tmp_path / "people.png"), stripes)
    picture = PictureRecord(1, tmp_path / "people.png", 512, 512, people(tmp_path / "other")[0].picture.persons[:1])
    both = BothWays([Entry(picture, 0, LabelRules())], tmp_path / "cache", replace(PLAIN, scale_min=0.1))
    matrix = square_matrix(Square(256, 256, 512), 32, 0.0)
    source = CropSource(*(part[None] for part in both.layout.source(0, matrix)))
    crop = cut_crops(both.layout.upload(CPU), source, 32)
    assert crop.unique().tolist() == [100]
    np.testing.assert_array_equal(crop[0].permute(1, 2, 0).numpy(), warp_picture(stripes, matrix, 32))


def test_unreadable_pictures_are_skipped_counted_and_told(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(*write_set(tmp_path, coco_content()), COCO17)]
    entries[1].picture.path.write_bytes(b"")
    both = BothWays(entries, tmp_path / "cache", PLAIN)
    caplog.clear()
    workers, device = both.batches(0)
    assert device.num_skipped == 1
    assert caplog.text.count("skipped:") == 2
    assert differences(workers, device).max() <= 1
    with pytest.raises(DataError, match="not one of a batch of 1"):
        collate_drawn([both.drawn[0, 1]])


def test_two_workers_draw_what_one_process_draws(tmp_path: Path) -> None:
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(*write_set(tmp_path, coco_content()), COCO17)]
    both = BothWays(entries, tmp_path / "cache", EVERYTHING)
    sampler = WeightedEpochSampler(np.ones(len(entries)), 16, seed=0)
    one, two = (
        [
            both.device_crops.batch(drawn).samples.image
            for drawn in DataLoader(both.drawn, 4, sampler=sampler, collate_fn=collate_drawn, num_workers=workers)
        ]
        for workers in (0, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_real_photographs_are_the_same(data_root: Path, tmp_path: Path) -> None:
    entries, _ = training_entries([SetConfig("coco/dev.json", "coco/images")], data_root, COCO17)
    both = BothWays(entries[:60], tmp_path / "cache", EVERYTHING)
    found = differences(*both.batches(0))
    assert found.mean() < 0.3
    assert found.mean(axis=(1, 2)).max() < 1
    assert worst_block(found) < 6
