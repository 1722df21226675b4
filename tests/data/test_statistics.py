"""Statistics: they say what was put in, and the stream's are those of the samples that a run is given."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from movenet.cli import main
from movenet.data.augment import AugmentationConfig
from movenet.data.coco import read_coco
from movenet.data.dataset import CropDataset
from movenet.data.labels import LabelRules
from movenet.data.poses import normalised_poses, pose_clusters
from movenet.data.sets import Entry
from movenet.data.statistics import population_of_set, population_of_stream, summary, upside_down_share
from movenet.errors import ConfigError
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_content, write_set


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Path]:
    return write_set(tmp_path, coco_content(num_pictures=6))


def test_a_set_is_measured_in_the_evaluations_squares(small: tuple[Path, Path]) -> None:
    pictures = read_coco(*small, COCO17)
    population = population_of_set("set", pictures, "cropped", 1)
    box = pictures[0].persons[0].box_px
    # The boxes are tight; the square is 1.25 times the longer side.
    assert population.keypoint_area[0] == pytest.approx(box[2] * box[3] / (1.25 * max(box[2:])) ** 2, rel=1e-4)
    np.testing.assert_allclose(population.size_unit, 0.8, rtol=1e-5)
    assert summary(population, COCO17)["states"]["nose"]["visible"] == 1.0


def test_the_stream_is_what_a_run_is_given(small: tuple[Path, Path]) -> None:
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(*small, COCO17)]
    dataset = CropDataset(entries, COCO17, 96, 2, AugmentationConfig(mirror_probability=0.5), seed=1)
    keys = [(2, index) for index in range(len(entries))]
    population = population_of_stream("stream", dataset, keys)
    for row, key in enumerate(keys):
        sample = dataset[key]
        assert sample is not None
        assert torch.equal(sample.points_unit[0], torch.from_numpy(population.points_unit[row]))
        assert sample.labelled[0].tolist() == population.labelled[row].tolist()


def test_people_upside_down_are_counted(small: tuple[Path, Path]) -> None:
    pictures = read_coco(*small, COCO17)
    for number, picture in enumerate(pictures):
        points = picture.persons[0].points_px
        points[COCO17.index("left_shoulder"), 1] = 90 if number == 0 else 10
        points[COCO17.index("right_hip"), 1] = 50
    assert upside_down_share(population_of_set("set", pictures, "whole", 1), COCO17) == pytest.approx(1 / 6, abs=1e-4)


@given(st.integers(0, 99), st.floats(0.1, 50), st.floats(-500, 500))
def test_poses_know_neither_place_nor_size(seed: int, scale: float, shift: float) -> None:
    rng = np.random.default_rng(seed)
    points = rng.uniform(0, 1, (5, 7, 2))
    labelled = rng.random((5, 7)) < 0.7
    labelled[:, :2] = True
    poses = normalised_poses(points, labelled)
    np.testing.assert_allclose(normalised_poses(points * scale + shift, labelled), poses, atol=1e-3)


def test_unlike_poses_come_to_unlike_groups() -> None:
    rng = np.random.default_rng(0)
    kinds = rng.uniform(-1, 1, (3, 1, 12, 2)).repeat(20, axis=1).reshape(60, 12, 2)
    poses = normalised_poses(kinds + rng.normal(0, 0.02, kinds.shape), np.ones((60, 12), bool))
    groups = pose_clusters(poses, 3, seed=0).reshape(3, 20)
    assert [len(set(group)) for group in groups.tolist()] == [1, 1, 1]
    assert len(set(groups[:, 0].tolist())) == 3
    np.testing.assert_array_equal(pose_clusters(poses, 3, seed=0).reshape(3, 20), groups)
    with pytest.raises(ConfigError, match="clusters"):
        pose_clusters(poses[:2], 3, seed=0)


def test_the_command_draws_sets_stream_and_target(small: tuple[Path, Path], tmp_path: Path) -> None:
    output, figures = tmp_path / "stats.png", tmp_path / "stats.json"
    one_set = [str(path) for path in small]
    command = ["data", "stats", "--set", *one_set, "--target", *one_set, "--samples", "20"]
    assert main([*command, "--output", str(output), "--json", str(figures)]) == 0
    found = json.loads(figures.read_text())
    assert [name.split()[0] for name in found] == ["set", "training", "target"]
    assert found["training stream"]["persons"] == 20
    assert found["target"]["persons"] == 6
    low, _, high = found["training stream"]["crop_scale_5_50_95"]
    assert AugmentationConfig.scale_min <= low < high <= AugmentationConfig.scale_max
    assert cv2.imread(str(output)).shape[1] > 3 * 280


def test_a_target_of_another_skeleton_is_read_through_its_own_map(
    small: tuple[Path, Path], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    # The names that another set has for the same points: only three of them are mapped.
    content = coco_content(num_pictures=6)
    content["categories"][0]["keypoints"] = [f"its {name}" for name in COCO17.names]
    other = write_set(tmp_path / "other", content)
    mapped = ("nose", "left_hip", "right_hip")
    keypoint_map, figures = tmp_path / "map.yaml", tmp_path / "stats.json"
    keypoint_map.write_text("".join(f"{name}: its {name}\n" for name in mapped))
    command = ["data", "stats", "--set", *map(str, small), "--samples", "4", "--json", str(figures)]
    assert main([*command, "--target", *map(str, other)]) != 0
    assert "its nose" in capsys.readouterr().err
    assert main([*command, "--target", *map(str, other), "--target-keypoints", str(keypoint_map)]) == 0
    states = json.loads(figures.read_text())["target"]["states"]
    assert {name for name, of_one in states.items() if of_one["visible"] == 1} == set(mapped)
    assert main([*command, "--target-keypoints", str(keypoint_map)]) != 0
    assert "--target" in capsys.readouterr().err
