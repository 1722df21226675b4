"""PoseEstimator: the network's answer comes back in the frame's own pixels."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import tomllib

import movenet
from movenet import PoseEstimator
from movenet.errors import DataError
from movenet.geometry import Square
from movenet.metadata import ModelMetadata, head_shapes
from movenet.runtimes import HeadArrays
from movenet.skeleton import COCO17

GRID_SIZE = 16
PROJECT_FILE = Path(__file__).parents[1] / "pyproject.toml"


class OneCell:
    """A run-time whose keypoints all lie in the middle of one cell; it keeps the picture that it was given."""

    def __init__(self, cell: tuple[int, int], score: float) -> None:
        self.metadata = ModelMetadata("fake", COCO17, 64, "sigmoid", head_shapes(COCO17.num_keypoints, GRID_SIZE))
        self._heads = HeadArrays(*(np.zeros(shape, np.float32) for shape in self.metadata.outputs.values()))
        x, y = cell
        self._heads.center[0, y, x] = 1
        self._heads.heatmap[:, y, x] = score
        self._heads.offset[:, y, x] = 0.5

    def __call__(self, image: np.ndarray) -> HeadArrays:
        self.image = image
        return self._heads


@pytest.fixture
def runtime(monkeypatch: pytest.MonkeyPatch) -> OneCell:
    """What every estimator of the test gets: keypoints in the middle of the upper left quarter."""
    runtime = OneCell(cell=(3, 3), score=0.75)
    monkeypatch.setattr("movenet.estimator.create_runtime", lambda *_: runtime)
    return runtime


# The middle of cell 3 of 16.
UNIT = 3.5 / GRID_SIZE


def test_points_of_a_wide_frame_are_in_its_pixels(runtime: OneCell) -> None:
    pose = PoseEstimator("fake")(np.zeros((100, 200, 3), np.uint8))
    # The letterbox is 200 pixels wide and reaches 50 above the frame.
    np.testing.assert_allclose(pose.keypoints[:, 0], 200 * UNIT, atol=1e-4)
    np.testing.assert_allclose(pose.keypoints[:, 1], 200 * UNIT - 50, atol=1e-4)
    assert pose.keypoints.dtype == np.float32
    assert pose.score == 0.75


def test_points_of_a_crop_are_in_the_frames_pixels(runtime: OneCell) -> None:
    pose = PoseEstimator("fake")(np.zeros((100, 200, 3), np.uint8), square=Square(150, 60, 40))
    np.testing.assert_allclose(pose.keypoints[0, :2], (130 + 40 * UNIT, 40 + 40 * UNIT), atol=1e-4)


def test_network_is_given_rgb(runtime: OneCell) -> None:
    frame = np.zeros((64, 64, 3), np.uint8)
    frame[..., 0] = 255  # blue
    PoseEstimator("fake")(frame)
    assert (runtime.image == (0, 0, 255)).all()


def test_one_pixel_is_a_frame(runtime: OneCell) -> None:
    pose = PoseEstimator("fake")(np.zeros((1, 1, 3), np.uint8))
    assert np.isfinite(pose.keypoints).all()


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (None, "NoneType: was the picture read"),
        (np.zeros((48, 80, 3), np.float32), "float32"),
        (np.zeros((48, 80), np.uint8), r"\(48, 80\): convert"),
        (np.zeros((48, 80, 1), np.uint8), "convert"),
        (np.zeros((48, 80, 4), np.uint8), "convert"),
        (np.zeros((0, 80, 3), np.uint8), "empty"),
    ],
    ids=["none", "float", "gray", "one channel", "bgra", "empty"],
)
def test_wrong_frame(runtime: OneCell, frame: np.ndarray, message: str) -> None:
    with pytest.raises(DataError, match=message):
        PoseEstimator("fake")(frame)


def test_frame_is_not_changed(runtime: OneCell, frame: np.ndarray) -> None:
    before = frame.copy()
    PoseEstimator("fake")(frame)
    assert np.array_equal(frame, before)


def test_pose_as_json(runtime: OneCell, frame: np.ndarray) -> None:
    pose = PoseEstimator("fake")(frame)
    values = json.loads(json.dumps(pose.to_dict()))
    assert [keypoint["name"] for keypoint in values["keypoints"]] == list(COCO17.names)
    assert values["keypoints"][0]["x"] == pytest.approx(float(pose.keypoints[0, 0]))
    assert set(values["timings"]) == {"preprocess_ms", "network_ms", "decode_ms"}
    assert replace(pose, keypoints=pose.keypoints * 0).score == 0


def test_real_model_end_to_end(tiny_model: Path, frame: np.ndarray) -> None:
    pose = PoseEstimator(tiny_model)(frame)
    assert pose.keypoints.shape == (COCO17.num_keypoints, 3)
    assert np.isfinite(pose.keypoints).all()


def test_version_is_the_packages() -> None:
    project = tomllib.loads(PROJECT_FILE.read_text())["project"]
    assert movenet.__version__ == project["version"]
    assert re.fullmatch(r"\d+\.\d+\.\d+", movenet.__version__)
