"""Sets of another skeleton: their points land on ours, and what they do not label is in no loss and no metric."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
import torch

from movenet.data.augment import AugmentationConfig
from movenet.data.coco import read_coco
from movenet.data.dataset import CropDataset, collate
from movenet.data.keypoint_map import read_keypoint_map, source_columns
from movenet.data.labels import LabelRules, training_points
from movenet.data.sets import Entry
from movenet.data.targets import TargetConfig, encode_targets
from movenet.errors import ConfigError, DataError
from movenet.metrics import compute_metrics, select_persons
from movenet.skeleton import COCO17
from tests.data.small_sets import coco_annotation, write_set

# Leeds Sports Pose: fourteen points, right before left, from the feet up.
LSP = [
    *("Right ankle", "Right knee", "Right hip", "Left hip", "Left knee", "Left ankle"),
    *("Right wrist", "Right elbow", "Right shoulder", "Left shoulder", "Left elbow", "Left wrist"),
    *("Neck", "Head top"),
]
LSP_MAP: dict[str, str | int] = {name.lower().replace(" ", "_"): name for name in LSP[:12]}
FACE = ("nose", "left_eye", "right_eye", "left_ear", "right_ear")


@pytest.fixture
def lsp_set(tmp_path: Path) -> tuple[Path, Path]:
    """Two persons of fourteen points: point i of the first stands at (10 + i, 20 + 2i)."""
    points = np.column_stack([10.0 + np.arange(len(LSP)), 20.0 + 2 * np.arange(len(LSP))])
    visibility = np.full(len(LSP), 2)
    visibility[0] = 0  # a right ankle that an annotator did not find
    images = [{"id": i, "file_name": f"{i}.png", "width": 120, "height": 100} for i in range(2)]
    annotations = [coco_annotation(10 + i, i, points + 20 * i, visibility) for i in range(2)]
    category = {"id": 1, "name": "person", "keypoints": LSP}
    return write_set(tmp_path, {"images": images, "annotations": annotations, "categories": [category]})


def test_points_land_under_our_names(lsp_set: tuple[Path, Path]) -> None:
    person = read_coco(*lsp_set, COCO17, LSP_MAP)[0].persons[0]
    for name, theirs in LSP_MAP.items():
        number = LSP.index(str(theirs))
        index = COCO17.index(name)
        assert person.points_px[index].tolist() == [10 + number, 20 + 2 * number]
        assert person.visibility[index] == (0 if number == 0 else 2)
    assert all(person.visibility[COCO17.index(name)] == 0 for name in FACE)


def test_numbers_do_where_a_set_has_no_names(lsp_set: tuple[Path, Path]) -> None:
    annotations, images = lsp_set
    content = json.loads(annotations.read_text())
    del content["categories"]
    by_name = read_coco(annotations, images, COCO17, LSP_MAP)
    annotations.write_text(json.dumps(content))
    numbers: dict[str, str | int] = {name: LSP.index(str(theirs)) for name, theirs in LSP_MAP.items()}
    for named, numbered in zip(by_name, read_coco(annotations, images, COCO17, numbers), strict=True):
        np.testing.assert_array_equal(named.persons[0].points_px, numbered.persons[0].points_px)


def test_unlabelled_keypoints_are_not_taught_as_absent(lsp_set: tuple[Path, Path]) -> None:
    """The set says nothing about faces, though it is trusted where it labels a point as absent."""
    person = read_coco(*lsp_set, COCO17, LSP_MAP)[0].persons[0]
    points = training_points(person, LabelRules(absent_means_hidden=True))
    assert not points.trusted_absence[[COCO17.index(name) for name in FACE]].any()
    assert points.trusted_absence[COCO17.index("right_ankle")]


def test_unlabelled_keypoints_are_in_no_target(lsp_set: tuple[Path, Path]) -> None:
    entries = [Entry(picture, 0, LabelRules()) for picture in read_coco(*lsp_set, COCO17, LSP_MAP)]
    config = AugmentationConfig(scale_min=1.5, mirror_probability=1.0, rotation_degrees=0, any_rotation_probability=0)
    samples = collate([CropDataset(entries, COCO17, 96, 2, config, seed=0)[(0, i)] for i in range(2)]).samples
    targets = encode_targets(
        samples.points_unit, samples.labelled, samples.size_unit, samples.ignored, 24, TargetConfig()
    )
    by_keypoint = (len(samples.image), COCO17.num_keypoints, -1)
    counted = [
        targets.heatmap_mask.reshape(by_keypoint),
        targets.reg_mask.reshape(by_keypoint),
        targets.offset_mask.reshape(by_keypoint),
    ]
    face = [COCO17.index(name) for name in FACE]
    assert all(torch.count_nonzero(mask[:, face]) == 0 for mask in counted)
    assert all(torch.count_nonzero(mask[:, COCO17.index("left_hip")]) > 0 for mask in counted)


def test_unlabelled_keypoints_are_in_no_metric(lsp_set: tuple[Path, Path]) -> None:
    persons = select_persons(read_coco(*lsp_set, COCO17, LSP_MAP), "cropped", 5)
    answers = np.array([np.column_stack([p.person.points_px, np.ones(COCO17.num_keypoints)]) for p in persons])
    answers[:, [COCO17.index(name) for name in FACE], :2] = 1e4
    metrics = compute_metrics(persons, answers, COCO17)
    assert (metrics.pck_5px, metrics.oks.ap) == (100.0, pytest.approx(100.0))
    assert all(metrics.per_keypoint[name].labelled == 0 for name in FACE)


@pytest.mark.parametrize(
    ("keypoints", "error", "said"),
    [
        (None, DataError, "give the skeleton that fits, or a map"),
        ({"left_hand": "Left wrist"}, ConfigError, "'left_hand' is not a keypoint of the skeleton"),
        ({"left_wrist": "left wrist"}, DataError, "did you mean 'Left wrist'"),
        ({"left_wrist": 14}, DataError, "it has 14, from 0"),
        ({"left_wrist": "Neck", "right_wrist": "Neck"}, ConfigError, "stands for two"),
        ({}, ConfigError, "empty"),
    ],
)
def test_a_map_that_does_not_fit_is_refused(
    keypoints: dict[str, str | int] | None, error: type[Exception], said: str
) -> None:
    with pytest.raises(error, match=said):
        source_columns(COCO17, LSP, len(LSP), keypoints, "set.json")


@pytest.mark.parametrize("content", ["[1, 2]", "nose: [1]", "{", None])
def test_a_file_that_is_no_map_is_refused(content: str | None, tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    if content is not None:
        path.write_text(content)
    with pytest.raises(ConfigError, match=r"map\.yaml"):
        read_keypoint_map(path)


def test_a_map_is_read_from_yaml(tmp_path: Path) -> None:
    path = tmp_path / "map.yaml"
    path.write_text("left_wrist: Left wrist\nnose: 3\n")
    assert read_keypoint_map(path) == {"left_wrist": "Left wrist", "nose": 3}
