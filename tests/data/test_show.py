"""The picture of what the network is given: maps lie over the content that they are about."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np
import pytest

from movenet.cli import main
from movenet.data.augment import AugmentationConfig
from movenet.data.dataset import CropDataset
from movenet.data.labels import LabelRules
from movenet.data.sets import Entry
from movenet.data.show import SIDE_PX, sample_row
from movenet.data.targets import TargetConfig
from tests.data.marks import PAIR, centroid_px, marked_picture
from tests.data.small_sets import coco_content, write_set


@pytest.mark.parametrize("mirror_probability", [0.0, 1.0])
def test_heatmap_peaks_lie_over_the_marks(mirror_probability: float, tmp_path: Path) -> None:
    picture = marked_picture(tmp_path, np.array([[90.0, 80.0], [150.0, 130.0]]))
    config = AugmentationConfig(
        scale_min=1.6, mirror_probability=mirror_probability, colour_probability=0, degrade_probability=0
    )
    dataset = CropDataset([Entry(picture, 0, LabelRules())], PAIR, 96, 2, config, seed=3)
    _, after, heatmap, *_ = (image[:SIDE_PX] for image in sample_row(dataset, (0, 0), TargetConfig("gaussian")))
    peaks = cv2.connectedComponentsWithStats((heatmap.max(axis=2) == 255).astype(np.uint8))[3][1:]
    discs = [centroid_px(after[..., channel] > 40) for channel in (0, 2)]
    assert len(peaks) == 2
    for disc in discs:
        # A cell's middle is at most half its diagonal away.
        assert np.linalg.norm(peaks - disc, axis=1).min() < 0.75 * SIDE_PX / (96 // 4)


def test_the_command_draws_a_row_a_sample(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    annotations, images = write_set(tmp_path, coco_content())
    output = tmp_path / "show.png"
    command = ["data", "show", "--set", str(annotations), str(images), "--output", str(output)]
    assert main([*command, "--samples", "3"]) == 0
    assert "3 of 4 persons" in capsys.readouterr().out
    height, width = cv2.imread(str(output)).shape[:2]
    assert height > 3 * SIDE_PX
    assert width > 6 * SIDE_PX
    assert main([*command, "--samples", "0"]) == 2


@pytest.mark.parametrize("command", ["show", "stats"])
def test_a_name_of_no_picture_is_refused_before_the_work(
    command: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    annotations, images = write_set(tmp_path, coco_content())
    output = tmp_path / "drawing"
    assert main(["data", command, "--set", str(annotations), str(images), "--output", str(output)]) == 2
    printed = capsys.readouterr()
    assert printed.out == ""
    assert ".png" in printed.err
    assert not output.exists()


def test_a_skeleton_of_two_keypoints_is_drawn(tmp_path: Path) -> None:
    """Its persons have fewer points than a training asks of COCO's."""
    (tmp_path / "skeleton.yaml").write_text(
        "keypoints: [{name: left, sigma: 0.1, mirror: right}, {name: right, sigma: 0.1, mirror: left}]"
    )
    annotations, images = write_set(tmp_path, coco_content(num_pictures=1, skeleton=PAIR))
    command = ["data", "show", "--set", str(annotations), str(images), "--output", str(tmp_path / "show.png")]
    assert main([*command, "--skeleton", str(tmp_path / "skeleton.yaml"), "--samples", "1"]) == 0
