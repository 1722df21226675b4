"""The cache of decoded pictures: the same samples as from the files, never stale, never half written."""

from __future__ import annotations

import logging
import os
import pickle
import resource
from collections import Counter
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch.utils.data import DataLoader

from movenet.data import cache as cache_module
from movenet.data.augment import AugmentationConfig
from movenet.data.cache import CropCache, open_cache
from movenet.data.coco import read_coco
from movenet.data.dataset import CropDataset, Sample, collate
from movenet.data.labels import LabelRules
from movenet.data.records import PersonRecord, PictureRecord
from movenet.data.regions import plan_regions
from movenet.data.sampler import WeightedEpochSampler
from movenet.data.sets import Entry, SetConfig, training_entries
from movenet.errors import DataError
from movenet.skeleton import COCO17, Skeleton
from tests.data.marks import PAIR, SIDE_PX, centroid_px, marked_picture
from tests.data.small_sets import coco_content, write_set

SIZE = 32
PLAIN = AugmentationConfig(colour_probability=0.0, degrade_probability=0.0)


class Pair(NamedTuple):
    """The same crops from the picture files and from a cache."""

    plain: CropDataset
    cached: CropDataset
    cache: CropCache


def pair(
    entries: Sequence[Entry],
    path: Path,
    augmentation: AugmentationConfig = PLAIN,
    skeleton: Skeleton = COCO17,
    size: int = SIZE,
) -> Pair:
    cache = open_cache(path, plan_regions(entries, skeleton, augmentation, [size]), threads=1)
    plain, cached = (CropDataset(entries, skeleton, size, 2, augmentation, 3, None, one) for one in (None, cache))
    return Pair(plain, cached, cache)


def sample_of(dataset: CropDataset, epoch: int, index: int) -> Sample:
    sample = dataset[epoch, index]
    assert sample is not None
    return sample


def largest_difference(plain: Sample, cached: Sample) -> int:
    """Between the images, of 255; everything else must be equal."""
    assert all(torch.equal(one, other) for one, other in zip(plain[1:], cached[1:], strict=True))
    return int((plain.image.int() - cached.image.int()).abs().max())


def entries_of(annotations: Path, images: Path) -> list[Entry]:
    return [Entry(picture, 0, LabelRules()) for picture in read_coco(annotations, images, COCO17)]


@pytest.fixture
def small_set(tmp_path: Path) -> list[Entry]:
    return entries_of(*write_set(tmp_path, coco_content()))


@pytest.fixture(scope="module")
def marks_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("marks")


@settings(max_examples=60)
@given(data=st.data())
def test_samples_are_those_of_the_whole_picture(data: st.DataObject, marks_folder: Path) -> None:
    """Marks at any place, crops of any size, turn and shift, stored whole or halved."""
    points = np.array([[data.draw(st.floats(5, SIDE_PX - 5)) for _ in range(2)] for _ in range(2)])
    scale_min = data.draw(st.floats(0.3, 2.0))
    scale_max = scale_min * data.draw(st.floats(1.0, 3.0))
    augmentation = replace(
        PLAIN,
        scale_min=scale_min,
        scale_max=scale_max,
        surroundings_probability=data.draw(st.sampled_from([0.0, 0.5])),
        surroundings_scale_max=scale_max * data.draw(st.floats(1.0, 3.0)),
        shift_share=data.draw(st.sampled_from([0.0, 0.1, 0.4])),
        rotation_degrees=data.draw(st.floats(0, 40)),
        any_rotation_probability=data.draw(st.sampled_from([0.0, 1.0])),
    )
    picture = marked_picture(marks_folder, points)
    size = data.draw(st.sampled_from([16, 32, 96]))
    plain, cached, _ = pair([Entry(picture, 0, LabelRules())], marks_folder / "cache", augmentation, PAIR, size)
    for epoch in range(4):
        # What remains is the resampling's fixed point: 1/32 of a pixel at a mark's edge.
        assert largest_difference(sample_of(plain, epoch, 0), sample_of(cached, epoch, 0)) <= 255 / 16


def test_marks_of_a_halved_picture_lie_on_their_points(tmp_path: Path) -> None:
    picture = marked_picture(tmp_path, np.array([[60.0, 70.0], [180.0, 160.0]]))
    augmentation = replace(PLAIN, scale_min=1.4, mirror_probability=0.0, any_rotation_probability=1.0)
    _, cached, cache = pair([Entry(picture, 0, LabelRules())], tmp_path / "cache", augmentation, PAIR)
    assert cache[0].halvings == 2
    checked = 0
    for epoch in range(20):
        sample = sample_of(cached, epoch, 0)
        for keypoint, channel in ((0, 2), (1, 0)):
            expected = sample.points_unit[0, keypoint].numpy() * SIZE
            if expected.min() > 4 and expected.max() < SIZE - 4:
                assert np.linalg.norm(centroid_px(sample.image[channel].numpy()) - expected) < 0.3
                checked += 1
    assert checked > 20


def test_half_bodies_are_as_fine_as_from_the_picture(small_set: list[Entry], tmp_path: Path) -> None:
    augmentation = replace(PLAIN, half_body_probability=0.7)
    plain, cached, _ = pair(small_set, tmp_path / "cache", augmentation)
    for epoch in range(10):
        # The pictures are noise, in which 1/32 of a pixel counts most.
        assert largest_difference(sample_of(plain, epoch, 1), sample_of(cached, epoch, 1)) <= 255 / 8


def test_a_teachers_view_is_as_fine_as_from_the_picture(small_set: list[Entry], tmp_path: Path) -> None:
    plan = plan_regions(small_set, COCO17, PLAIN, [SIZE, 96])
    cache = open_cache(tmp_path / "cache", plan, 1)
    views = [sample_of(CropDataset(small_set, COCO17, SIZE, 2, PLAIN, 3, 96, one), 0, 0).view for one in (None, cache)]
    assert int((views[0].int() - views[1].int()).abs().max()) <= 255 / 8


def crowd(folder: Path, boxes: Sequence[tuple[float, float, float, float]]) -> list[Entry]:
    """Persons at boxes of one picture of 1600 x 1200 pixels."""
    rng = np.random.default_rng(0)
    image = cv2.resize(rng.integers(0, 256, (30, 40, 3), np.uint8), (1600, 1200), interpolation=cv2.INTER_LINEAR)
    cv2.imwrite(str(folder / "crowd.jpg"), image)
    persons = []
    for number, (x, y, width, height) in enumerate(boxes):
        points = rng.uniform([x, y], [x + width, y + height], (COCO17.num_keypoints, 2)).astype(np.float32)
        visibility = np.full(COCO17.num_keypoints, 2, np.int8)
        persons.append(PersonRecord(number, (x, y, width, height), width * height, points, visibility))
    picture = PictureRecord(1, folder / "crowd.jpg", 1600, 1200, tuple(persons))
    return [Entry(picture, number, LabelRules()) for number in range(len(persons))]


def test_distant_persons_are_stored_apart_and_near_ones_together(tmp_path: Path) -> None:
    near = (100.0, 100.0, 60.0, 80.0), (130.0, 110.0, 60.0, 80.0)
    apart, together = (
        plan_regions(crowd(tmp_path, boxes), COCO17, PLAIN, [SIZE])
        for boxes in ((near[0], (1400.0, 1000.0, 50.0, 90.0)), near)
    )
    assert [len(plan.regions[0]) for plan in (apart, together)] == [2, 1]


def test_a_far_person_takes_a_small_part_of_a_large_picture(tmp_path: Path) -> None:
    entries = crowd(tmp_path, [(100.0, 100.0, 60.0, 80.0), (700.0, 400.0, 300.0, 700.0)])
    plain, cached, cache = pair(entries, tmp_path / "cache")
    assert cache[0].halvings == 1
    assert cache[1].halvings == 4
    assert (tmp_path / "cache").stat().st_size < 1600 * 1200 * 3 / 20
    for epoch in range(10):
        for index in range(2):
            assert largest_difference(sample_of(plain, epoch, index), sample_of(cached, epoch, index)) <= 2


def test_the_second_opening_decodes_nothing(
    small_set: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = sample_of(pair(small_set, tmp_path / "cache").cached, 0, 0)
    read = Counter[str]()
    monkeypatch.setattr(cache_module, "read_annotated", lambda picture: read.update([picture.path.name]))
    assert largest_difference(sample_of(pair(small_set, tmp_path / "cache").cached, 0, 0), before) == 0
    assert not read


@pytest.mark.parametrize("change", ["picture", "crop", "persons"])
def test_a_stale_cache_is_built_again(
    change: str, small_set: list[Entry], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    pair(small_set, tmp_path / "cache")
    entries, augmentation = small_set, PLAIN
    if change == "picture":
        path = small_set[2].picture.path
        cv2.imwrite(str(path), 255 - cv2.imread(str(path)))
    elif change == "crop":
        augmentation = replace(PLAIN, scale_max=0.4, scale_min=0.3)
    else:
        entries = small_set[1:]
    with caplog.at_level(logging.INFO):
        plain, cached, _ = pair(entries, tmp_path / "cache", augmentation)
    assert "others than when it was built" in caplog.text
    assert largest_difference(sample_of(plain, 0, 2), sample_of(cached, 0, 2)) <= 255 / 8


def test_a_truncated_cache_is_refused(small_set: list[Entry], tmp_path: Path) -> None:
    pair(small_set, tmp_path / "cache")
    os.truncate(tmp_path / "cache", 1000)
    with pytest.raises(DataError, match=r"cache: 1000 bytes instead of \d+: the cache was cut off; remove it"):
        pair(small_set, tmp_path / "cache")


@pytest.mark.parametrize("content", [b"", b"somebody's", b"MVNCROPS"])
def test_another_file_is_not_overwritten(content: bytes, small_set: list[Entry], tmp_path: Path) -> None:
    (tmp_path / "cache").write_bytes(content)
    with pytest.raises(DataError, match="no cache of crops"):
        pair(small_set, tmp_path / "cache")
    assert (tmp_path / "cache").read_bytes() == content


class _Usage(NamedTuple):
    free: int


def test_too_small_a_disk_is_told_before_the_work(
    small_set: list[Entry], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(cache_module.shutil, "disk_usage", lambda _folder: _Usage(free=10))
    with pytest.raises(DataError, match="0 MB free"):
        pair(small_set, tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


def test_a_failed_write_leaves_the_old_cache_alone(small_set: list[Entry], tmp_path: Path) -> None:
    pair(small_set[1:], tmp_path / "cache")
    before = (tmp_path / "cache").read_bytes()
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (10_000, limits[1]))
    try:
        with pytest.raises(DataError, match="cache: cannot be written"):
            pair(small_set, tmp_path / "cache")
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert (tmp_path / "cache").read_bytes() == before
    assert not list(tmp_path.glob(".*partial*"))


def test_unreadable_pictures_are_left_out(
    small_set: list[Entry], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    for number in (0, 3):
        small_set[number].picture.path.write_bytes(b"")
    cached = pair(small_set, tmp_path / "cache").cached
    assert "3.png: the picture file is empty" in caplog.text
    assert [cached[0, index] is None for index in range(4)] == [True, False, False, True]


def test_a_process_that_is_not_forked_opens_the_file_itself(small_set: list[Entry], tmp_path: Path) -> None:
    cache = pair(small_set, tmp_path / "cache").cache
    sent = pickle.dumps(cache)
    assert len(sent) < 2000
    np.testing.assert_array_equal(pickle.loads(sent)[2].pixels, cache[2].pixels)


def test_workers_read_what_one_process_reads(small_set: list[Entry], tmp_path: Path) -> None:
    cached = pair(small_set, tmp_path / "cache").cached
    sampler = WeightedEpochSampler(np.ones(len(small_set)), 16, seed=0)
    one, two = (
        [batch.samples.image for batch in DataLoader(cached, 4, sampler=sampler, collate_fn=collate, num_workers=n)]
        for n in (0, 2)
    )
    assert all(torch.equal(a, b) for a, b in zip(one, two, strict=True))


def test_samples_of_real_photographs_are_the_same(data_root: Path, tmp_path: Path) -> None:
    entries, _ = training_entries([SetConfig("coco/dev.json", "coco/images")], data_root, COCO17)
    plain, cached, _ = pair(entries[:60], tmp_path / "cache", size=96)
    differences = [largest_difference(sample_of(plain, 0, i), sample_of(cached, 0, i)) for i in range(60)]
    assert max(differences) <= 8
    assert np.mean(differences) < 0.5
