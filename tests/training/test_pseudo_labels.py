"""A run that labels its own pictures: the labeller on a rendered video, and training as a user starts it."""

from __future__ import annotations

import csv
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any, cast

import cv2
import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional

from movenet.cli import main as movenet
from movenet.data.augment import AugmentationConfig
from movenet.data.cache import CropCache, open_cache
from movenet.data.entry_pictures import EntryPictures
from movenet.data.frames import frame_time
from movenet.data.labels import TEACHER_CROP_SCALE
from movenet.data.pseudo_labels import PseudoLabelConfig
from movenet.data.regions import plan_regions
from movenet.data.sets import Entry, SetConfig, training_entries
from movenet.models import Heads, MoveNet, NetworkSpec, save_network
from movenet.skeleton import COCO17, Skeleton
from movenet.training.command import main
from movenet.training.config import DataConfig, HardwareConfig, OptimisationConfig, RunConfig
from movenet.training.pseudo_labels import LabellingNetwork, PseudoLabeller
from tests.data.small_sets import coco_content, write_set
from tests.data.test_frames import RATE, write_video
from tests.training.test_run import arguments, tensors

FIGURE = Skeleton(("head", "hip", "foot"), (), (), (0.1, 0.1, 0.1))
COLOURS_RGB = ((255, 0, 0), (0, 255, 0), (0, 0, 255))
SPEC = NetworkSpec("shufflenet_v2_x0_5", 64, "sigmoid", FIGURE)


class FindsColours(nn.Module):
    """Answers as a network does: a keypoint is where its colour is."""

    def __init__(self) -> None:
        super().__init__()
        self.colours = nn.Parameter(torch.tensor(COLOURS_RGB, dtype=torch.float32), requires_grad=False)

    def forward(self, image: Tensor) -> Heads:
        far = (image[:, None] - self.colours[None, :, :, None, None]).square().mean(dim=2)
        heatmap = functional.avg_pool2d(torch.exp(-far / 3000), 4).contiguous()
        empty = torch.zeros(len(image), 6, *heatmap.shape[2:])
        return Heads(heatmap, torch.ones_like(heatmap[:, :1]), empty, empty)


def frame(points: np.ndarray) -> np.ndarray:
    """A figure of three discs; uint8 BGR."""
    picture = np.zeros((128, 256, 3), np.uint8)
    for point, colour in zip(np.rint(points).astype(int).tolist(), COLOURS_RGB, strict=True):
        cv2.circle(picture, tuple(point), 9, colour[::-1], cv2.FILLED)
    return picture


def walk(number: int) -> np.ndarray:
    """Somebody walks to the right, a foot swinging."""
    x = 40 + 8 * number
    return np.array([[x, 25], [x, 65], [x + 10 * np.sin(number / 2), 105]], float)


@pytest.fixture
def video_entries(tmp_path: Path) -> list[Entry]:
    """Of a video in which the foot is for one frame, the sixth, seen beside the head."""
    points = [walk(number) for number in range(12)]
    points[6][2] = points[6][0] + [35, 0]
    video = write_video(tmp_path / "walk.avi", [frame(p) for p in points])
    images = tmp_path / "images"
    command = ["data", "frames", str(video), "--every", str(1 / RATE), "--min-change", "0", "--min-sharpness", "0"]
    assert movenet([*command, "--output", str(images)]) == 0
    names = sorted(path.name for path in images.iterdir())
    assert len(names) == len(points)
    annotations = [
        {"id": i, "image_id": i, "category_id": 1, "bbox": [p[0, 0] - 40, 10, 80, 110], "area": 8800.0}
        | {"keypoints": [0] * 9, "iscrowd": 0}
        for i, p in enumerate(points)
    ]
    content = {
        "images": [{"id": i, "file_name": name, "width": 256, "height": 128} for i, name in enumerate(names)],
        "annotations": annotations,
        "categories": [{"id": 1, "name": "person", "keypoints": list(FIGURE.names)}],
    }
    (tmp_path / "boxes.json").write_text(json.dumps(content))
    return training_entries([SetConfig("boxes.json", "images", unlabelled=True)], tmp_path, FIGURE)[0]


def labeller(entries: list[Entry], cache: CropCache | None = None, **rules: Any) -> PseudoLabeller:
    source = SetConfig("boxes.json", "images", unlabelled=True)
    config = RunConfig(
        "runs/none",
        DataConfig([source], source, workers=0),
        optimisation=OptimisationConfig(epochs=2, batch_size=4),
        hardware=HardwareConfig(),
        pseudo_labels=PseudoLabelConfig(**rules),
    )
    network = LabellingNetwork(cast(Callable[[], MoveNet], FindsColours), input_size=64)
    return PseudoLabeller(config, network, FIGURE, entries, EntryPictures(entries, cache))


def test_in_a_video_a_point_that_jumps_there_and_back_is_refused(video_entries: list[Entry]) -> None:
    labels = labeller(video_entries, start_share=1.0, end_share=1.0)
    labels.label(1, np.arange(len(video_entries)))
    accepted = np.array([labels.labels.points(i).labelled for i in range(len(video_entries))])
    times = [frame_time(entry.picture.path) for entry in video_entries]
    wrong = [(time.seconds, k) for time, row in zip(times, accepted, strict=True) for k in np.flatnonzero(~row) if time]
    assert wrong == [(pytest.approx(6 / RATE), FIGURE.index("foot"))]
    for number, entry in enumerate(video_entries):
        if number != 6:
            found = labels.labels.points(entry.person + number).points_px
            np.testing.assert_allclose(found, walk(number), atol=10)  # a cell


def test_only_what_the_epoch_draws_is_labelled(video_entries: list[Entry]) -> None:
    labels = labeller(video_entries, start_share=1.0, end_share=1.0)
    labels.label(0, np.array([4, 4, 6]))
    labelled = [i for i in range(len(video_entries)) if labels.labels.points(i).labelled.any()]
    assert labelled == [4, 6]
    assert not labels.labels.points(6).labelled[FIGURE.index("foot")]  # by neighbours that are not drawn
    assert labels.report.persons == 2


def test_from_a_cache_it_sees_the_same(video_entries: list[Entry], tmp_path: Path) -> None:
    tight = AugmentationConfig(scale_min=0.8, scale_max=1.0, shift_share=0.0, rotation_degrees=0.0)
    plan = plan_regions(video_entries, FIGURE, tight.with_scale(TEACHER_CROP_SCALE), [64])
    found = []
    for cache in (None, open_cache(tmp_path / "crops.cache", plan, threads=1)):
        labels = labeller(video_entries, cache, start_share=1.0, end_share=1.0)
        labels.label(0, np.arange(len(video_entries)))
        found.append([labels.labels.points(i) for i in range(len(video_entries))])
    for one, other in zip(*found, strict=True):
        np.testing.assert_array_equal(one.labelled, other.labelled)
        np.testing.assert_allclose(one.points_px, other.points_px, atol=1e-3)


def test_nothing_before_the_first_epoch(video_entries: list[Entry]) -> None:
    labels = labeller(video_entries, first_epoch=1)
    labels.label(0, np.arange(len(video_entries)))
    assert labels.report.persons == 0


# Whole runs


@pytest.fixture(scope="module")
def data_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("data")
    write_set(folder, coco_content(num_pictures=8))
    write_set(folder / "own", coco_content(num_pictures=8, seed=1))
    return folder


def with_unlabelled(**overrides: Any) -> dict[str, Any]:
    sets = [
        {"annotations": "annotations.json", "images": "images"},
        {"annotations": "own/annotations.json", "images": "own/images", "unlabelled": True},
    ]
    # Networks that have learnt nothing are sure of nothing.
    rules = {"pseudo_labels.min_score": 0.0, "pseudo_labels.start_share": 0.2, "pseudo_labels.end_share": 0.8}
    return {"data.train": json.dumps(sets)} | rules | overrides


def logged(output: Path, name: str, start: int = 0) -> list[float]:
    with (output / "metrics" / f"version_{start}" / "metrics.csv").open() as file:
        return [float(row[name]) for row in csv.DictReader(file) if row.get(name)]


@pytest.mark.slow
@pytest.mark.parametrize("workers", [0, 1])
def test_a_run_labels_its_own_pictures_more_and_more(workers: int, data_folder: Path, tmp_path: Path) -> None:
    output = tmp_path / "run"
    assert main(arguments(data_folder, output, **with_unlabelled(**{"data.workers": workers}))) == 0
    first, last = logged(output, "pseudo_labels/accepted_share")
    assert (first, last) == pytest.approx((2 / 8, 6 / 8))  # 20 and 80 % of eight


@pytest.mark.slow
def test_a_killed_run_gives_itself_the_same_labels_again(
    data_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    assert main(arguments(data_folder, whole, **with_unlabelled())) == 0

    from movenet.training.module import PoseModule

    with monkeypatch.context() as patch:
        patch.setattr(PoseModule, "on_validation_epoch_end", dies_in_second_epoch(PoseModule.on_validation_epoch_end))
        with pytest.raises(SystemExit):
            main(arguments(data_folder, killed, **with_unlabelled()))
    assert main(arguments(data_folder, killed, **with_unlabelled(resume="true"))) == 0
    expected, found = tensors(whole / "last.ckpt"), tensors(killed / "last.ckpt")
    assert all(torch.equal(expected[key], found[key]) for key in expected)


def dies_in_second_epoch(plain: Any) -> Any:
    def end(self: Any) -> None:
        if self.current_epoch == 1:
            raise SystemExit("killed")
        plain(self)

    return end


@pytest.mark.slow
def test_a_given_teacher_labels(data_folder: Path, tmp_path: Path) -> None:
    spec = NetworkSpec("mobilenet_v2_x1_0", 96, "sigmoid", COCO17)
    save_network(tmp_path / "teacher.ckpt", spec.build(), spec)
    output = tmp_path / "run"
    overrides = with_unlabelled(**{"pseudo_labels.teacher": tmp_path / "teacher.ckpt"})
    assert main(arguments(data_folder, output, **overrides)) == 0
    assert logged(output, "pseudo_labels/accepted_share")[1] > 0


def test_a_teacher_of_other_keypoints_is_refused(
    data_folder: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    save_network(tmp_path / "three.ckpt", SPEC.build(), SPEC)
    overrides = with_unlabelled(**{"pseudo_labels.teacher": tmp_path / "three.ckpt"})
    assert main(arguments(data_folder, tmp_path / "run", **overrides)) == 2
    assert "keypoints" in capsys.readouterr().err
