"""Squares without anybody: where they lie, how they get into a training set, and what a sample of one says."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.data.augment import AugmentationConfig
from movenet.data.boxes import overlap
from movenet.data.dataset import CropDataset
from movenet.data.empty_squares import empty_square
from movenet.data.labels import LabelRules
from movenet.data.poses import PoseBalance
from movenet.data.records import Box, PersonRecord, PictureRecord
from movenet.data.sets import SetConfig, pose_balanced, training_entries
from movenet.data.statistics import population_of_stream
from movenet.data.targets import TargetConfig, encode_targets
from movenet.errors import ConfigError
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_content, write_set

COUNT = COCO17.num_keypoints
SET = {"annotations": "annotations.json", "images": "images"}


def picture_of(width_px: int, height_px: int, boxes_px: list[Box]) -> PictureRecord:
    points_px, visibility = np.zeros((COUNT, 2), np.float32), np.zeros(COUNT, np.int8)
    persons = tuple(PersonRecord(number, box, 1.0, points_px, visibility) for number, box in enumerate(boxes_px))
    return PictureRecord(7, Path("7.png"), width_px, height_px, persons)


boxes = st.tuples(st.floats(0, 400), st.floats(0, 300), st.floats(1, 200), st.floats(1, 200))


@given(width_px=st.integers(32, 640), height_px=st.integers(32, 640), persons_px=st.lists(boxes, max_size=4))
def test_it_lies_in_the_picture_and_touches_nobody(width_px: int, height_px: int, persons_px: list[Box]) -> None:
    picture = picture_of(width_px, height_px, persons_px)
    nobody = empty_square(picture, COUNT)
    if nobody is None:
        assert persons_px  # where nobody is there is a square
        return
    left, top, width, height = nobody.box_px
    assert 0 <= left <= left + width <= width_px + 1e-9
    assert 0 <= top <= top + height <= height_px + 1e-9
    assert width == height >= 0.25 * min(width_px, height_px)
    assert all(overlap(nobody.box_px, box) == 0 for box in persons_px)
    assert nobody.num_labelled == 0
    again = empty_square(picture, COUNT)
    assert again is not None
    assert again.box_px == nobody.box_px


def test_there_is_none_beside_somebody_who_fills_the_picture() -> None:
    assert empty_square(picture_of(100, 100, [(5.0, 5.0, 90.0, 90.0)]), COUNT) is None


def wide_set(folder: Path) -> None:
    """Two pictures of 400 x 100 pixels whose persons fill the left end."""
    content = coco_content(2)
    for image in content["images"]:
        image["width"] = 400
    write_set(folder, content)


def test_they_are_drawn_by_their_own_weight_beside_the_persons(tmp_path: Path) -> None:
    wide_set(tmp_path)
    entries, weights = training_entries([SetConfig(**SET, weight=2.0, empty_weight=0.5)], tmp_path, COCO17)
    assert weights.tolist() == [2.0, 2.0, 0.5, 0.5]
    assert [entry.picture.persons[entry.person].num_labelled for entry in entries] == [COUNT, COUNT, 0, 0]
    without, _ = training_entries([SetConfig(**SET, weight=2.0)], tmp_path, COCO17)
    assert len(without) == 2


def test_they_are_no_pose_and_no_person(tmp_path: Path) -> None:
    wide_set(tmp_path)
    entries, weights = training_entries([SetConfig(**SET, weight=2.0, empty_weight=0.5)], tmp_path, COCO17)
    # Were they poses, three groups would be two of one person each and one of both squares.
    with pytest.raises(ConfigError, match="3 pose clusters"):
        pose_balanced(entries, weights, PoseBalance(clusters=3), seed=0)
    balanced = pose_balanced(entries, weights, PoseBalance(clusters=1), seed=0)
    assert balanced.tolist() == [2.0, 2.0, 0.5, 0.5]
    dataset = CropDataset(entries, COCO17, 96, 3, AugmentationConfig(), seed=1)
    population = population_of_stream("stream", dataset, [(0, index) for index in range(4)])
    assert len(population.labelled) == 2


def test_a_sample_of_one_says_that_nobody_is_there(tmp_path: Path) -> None:
    wide_set(tmp_path)
    entries, _ = training_entries([SetConfig(**SET, empty_weight=1.0)], tmp_path, COCO17)
    # As tight around the square as can be: nobody comes in from beside it.
    config = AugmentationConfig(
        scale_min=0.7, scale_max=0.7, shift_share=0, rotation_degrees=0, any_rotation_probability=0
    )
    dataset = CropDataset(entries, COCO17, 96, 3, config, seed=1)
    for index, nobody in enumerate([False, False, True, True]):
        sample = dataset[0, index]
        assert sample is not None
        labels = [part[None] for part in (sample.points_unit, sample.labelled, sample.size_unit, sample.ignored)]
        targets = encode_targets(*labels, 24, TargetConfig())
        assert targets.nobody.tolist() == [nobody]
        assert targets.heatmap_mask.all()
        assert bool(targets.heatmap.any()) != nobody


def test_sets_that_do_not_label_everybody_have_none() -> None:
    with pytest.raises(ConfigError, match="labels everybody"):
        SetConfig(**SET, empty_weight=1.0, labels=LabelRules(absent_means_hidden=False))
    with pytest.raises(ConfigError, match="labels everybody"):
        SetConfig(**SET, empty_weight=1.0, unlabelled=True)
    with pytest.raises(ConfigError, match="negative"):
        SetConfig(**SET, empty_weight=-1.0)
