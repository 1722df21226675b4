"""Crops fitted to a target set: persons come to its sizes, whatever theirs are, and the option says what is wrong."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movenet.cli import main
from movenet.data.augment import AugmentationConfig
from movenet.data.dataset import CropDataset
from movenet.data.fitted_scales import FittedScales, fit_scales, target_persons
from movenet.data.labels import LabelRules
from movenet.data.sampler import WeightedEpochSampler
from movenet.data.sets import SetConfig, training_entries
from movenet.data.statistics import ks_distance, population_of_persons, population_of_stream
from movenet.errors import ConfigError, DataError
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_annotation, coco_content, write_set

# Distance of two samples of this many drawn from one distribution is hardly ever larger (Smirnov, at 1 in 10,000).
DRAWN = 2000
LARGEST_BY_CHANCE = 2.3 / DRAWN**0.5


@settings(max_examples=40)
@given(
    seed=st.integers(0, 10**6),
    persons=st.integers(1, 60),
    target=st.integers(60, 200),
    spread=st.floats(0.01, 1.0),
    weight=st.floats(0.01, 100.0),
)
def test_sizes_drawn_have_the_targets_distribution(
    seed: int, persons: int, target: int, spread: float, weight: float
) -> None:
    rng = np.random.default_rng(seed)
    own = rng.uniform(0.05, 0.05 + spread, persons)
    weights = np.where(rng.random(persons) < 0.5, 1.0, weight)
    sizes = rng.beta(*rng.uniform(0.5, 5, 2), target) + 0.01
    scales = FittedScales(own, weights, sizes)
    indices = rng.choice(persons, DRAWN, p=weights / weights.sum())
    drawn = np.array([1 / scales.draw(int(index), rng) for index in indices])
    # Between two of the target's sizes lies a step of its distribution.
    assert ks_distance(drawn, sizes) < LARGEST_BY_CHANCE + 1 / target
    assert sizes.min() - 1e-9 <= drawn.min() <= drawn.max() <= sizes.max() + 1e-9


def test_who_is_small_in_its_picture_stays_smaller() -> None:
    """So that crops of the small show their surroundings, and those of the large are not small pictures in black."""
    rng = np.random.default_rng(0)
    scales = FittedScales(np.linspace(0.1, 0.9, 100), np.ones(100), np.linspace(0.2, 1.0, 50))
    small, large = ([1 / scales.draw(index, rng) for _ in range(200)] for index in (10, 90))
    assert max(small) < min(large)
    assert max(small) - min(small) > 0.15


def set_of_sizes(folder: Path, sizes_px: np.ndarray) -> SetConfig:
    """One person a picture of 200 pixels, as high as given, somewhere in it."""
    rng = np.random.default_rng(len(sizes_px))
    content = coco_content(num_pictures=len(sizes_px))
    for number, (image, size) in enumerate(zip(content["images"], sizes_px, strict=True)):
        image |= {"width": 200, "height": 200}
        points = rng.uniform(0, 1, (COCO17.num_keypoints, 2)) * (0.5 * size, size)
        points[:2, 1] = 0, size
        points += rng.uniform(0, 200 - size, 2)
        content["annotations"][number] = coco_annotation(number, number, points, np.full(len(points), 2))
    annotations, images = write_set(folder, content)
    return SetConfig(str(annotations), str(images))


def test_the_stream_comes_near_the_target(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    training = set_of_sizes(tmp_path / "train", rng.uniform(40, 200, 60))
    target = set_of_sizes(tmp_path / "target", rng.uniform(40, 100, 40))
    entries, weights = training_entries([training], Path(), COCO17)
    scales = fit_scales(target, entries, weights, Path(), COCO17)
    upright = AugmentationConfig(rotation_degrees=0, any_rotation_probability=0)
    shown = population_of_persons("target", target_persons(target, Path(), COCO17))
    keys = list(WeightedEpochSampler(weights, DRAWN, 0))
    before, after = (
        population_of_stream("stream", CropDataset(entries, COCO17, 96, 2, *of_crops), keys)
        for of_crops in ((upright, 0), (replace(upright, fit_scale_to=target), 0, None, False, scales))
    )
    assert ks_distance(before.size_unit, shown.size_unit) > 0.6
    assert ks_distance(after.size_unit, shown.size_unit) < LARGEST_BY_CHANCE + 1 / 40
    assert ks_distance(before.keypoint_area, shown.keypoint_area) > 0.6
    assert ks_distance(after.keypoint_area, shown.keypoint_area) < 0.15


def test_real_training_sets_come_near_a_real_target(data_root: Path) -> None:
    sources = [
        SetConfig("coco/train.json", "coco/images", weight=3.0, min_keypoints=8),
        SetConfig("mpii/train.json", "mpii/images", weight=2.0, labels=LabelRules(False, True)),
    ]
    entries, weights = training_entries(sources, data_root, COCO17)
    target = SetConfig("coco/dev.json", "coco/images")
    scales = fit_scales(target, entries, weights, data_root, COCO17)
    shown = population_of_persons("target", target_persons(target, data_root, COCO17))
    dataset = CropDataset(entries, COCO17, 96, 2, AugmentationConfig(fit_scale_to=target), 0, scales=scales)
    stream = population_of_stream("stream", dataset, list(WeightedEpochSampler(weights, DRAWN, 0)))
    assert ks_distance(stream.size_unit, shown.size_unit) < 0.06
    assert ks_distance(stream.keypoint_area, shown.keypoint_area) < 0.15


def test_a_target_without_persons_is_named(tmp_path: Path) -> None:
    target = set_of_sizes(tmp_path, np.array([20.0, 25.0]))
    with pytest.raises(DataError, match=r"annotations\.json: no crop can be fitted .* 32 px; lower fit_scale_to"):
        target_persons(target, Path(), COCO17)


def test_crops_are_not_silently_left_unfitted(tmp_path: Path) -> None:
    target = set_of_sizes(tmp_path, np.array([80.0]))
    entries, _ = training_entries([target], Path(), COCO17)
    with pytest.raises(ConfigError, match="fit_scale_to"):
        CropDataset(entries, COCO17, 96, 2, AugmentationConfig(fit_scale_to=target), seed=0)


def test_stats_shows_the_stream_before_and_after(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rng = np.random.default_rng(3)
    training = set_of_sizes(tmp_path / "train", rng.uniform(40, 200, 30))
    target = set_of_sizes(tmp_path / "target", rng.uniform(40, 100, 30))
    places = {"train": training, "target": target}
    named = {name: {"annotations": s.annotations, "images": s.images} for name, s in places.items()}
    recipe = tmp_path / "recipe.yaml"
    data = {"root": ".", "train": [named["train"]], "dev": named["target"]}
    recipe.write_text(json.dumps({"output": "run", "data": data, "augmentation": {"fit_scale_to": named["target"]}}))
    figures, picture = tmp_path / "stats.json", tmp_path / "stats.png"
    command = ["data", "stats", "--config", str(recipe), "--samples", "500", "--json", str(figures)]
    assert main([*command, "--output", str(picture)]) == 0
    found = json.loads(figures.read_text())
    before, after = found["training stream before fit_scale_to"], found["training stream"]
    assert after["size_distance"] < 0.15 < 0.5 < before["size_distance"]
    assert found["target"]["size_distance"] == found["target"]["area_distance"] == 0
    # A column each: two sets, the stream twice, the target.
    assert cv2.imread(str(picture)).shape[1] > 5 * 280
    recipe.write_text(recipe.read_text().replace('"fit_scale_to": {"annotations"', '"fit_scale_to": {"annotation"'))
    assert main(command) == 2
    assert "fit_scale_to" in capsys.readouterr().err
