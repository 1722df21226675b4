"""The published weights are what their metadata says, and find what they are known to find."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from movenet import PoseEstimator
from movenet.data.coco import read_coco
from movenet.metadata import NCNN_BIN_FILE, ModelMetadata
from movenet.metrics import compute_metrics, select_persons
from movenet.metrics.prediction import predict
from movenet.runtimes import create_runtime, runtime_names

WEIGHTS = Path(__file__).parents[1] / "weights" / "default"


@pytest.fixture(scope="module")
def astronaut_bgr() -> np.ndarray:
    from skimage import data

    return np.ascontiguousarray(data.astronaut()[..., ::-1])


def test_every_file_is_the_exported_one_and_small() -> None:
    metadata = ModelMetadata.load(WEIGHTS)
    ModelMetadata.load(WEIGHTS, needed_files=metadata.files)
    assert max(file.num_bytes for file in metadata.files.values()) < 6_000_000
    assert metadata.files[NCNN_BIN_FILE].precision == "fp16"


def test_the_licence_of_the_backbone_is_there() -> None:
    assert "Apache License" in (WEIGHTS / "checkpoint.NOTICE.txt").read_text()


@pytest.mark.parametrize("runtime", runtime_names())
def test_the_astronauts_face_is_found(runtime: str, astronaut_bgr: np.ndarray) -> None:
    pose = PoseEstimator(WEIGHTS, runtime)(astronaut_bgr)
    # Where a person sees them, in pixels; her right is the picture's left.
    for name, place_px in {"nose": (226, 112), "left_eye": (246, 95), "right_eye": (201, 95)}.items():
        found = pose.keypoints[pose.skeleton.index(name)]
        assert np.linalg.norm(found[:2] - place_px) < 15, name
        assert found[2] > 0.3, name


def test_figures_in_the_metadata_are_reached(data_root: Path) -> None:
    runtime = create_runtime(WEIGHTS, "ncnn")
    skeleton = runtime.metadata.skeleton
    pictures = read_coco(data_root / "mpii" / "val.json", data_root / "mpii" / "images", skeleton)
    persons = select_persons(pictures, "cropped", min_keypoints=8)
    found = compute_metrics(persons, predict(persons, runtime).points_px, skeleton).to_dict()
    stated = runtime.metadata.metrics["mpii val"]
    for figure in ("pck_5px", "pck_torso_0.2", "oks_ap"):
        assert found[figure] == pytest.approx(stated[figure], abs=1.0), figure
