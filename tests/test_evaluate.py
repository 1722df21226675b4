"""`evaluate.py` from picture files to figures, with a network that reads the answers from painted marks."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from movenet.cli import STATUS_ERROR, run_command
from movenet.commands import evaluate
from movenet.metadata import ModelMetadata
from movenet.models.checkpoint import NetworkSpec, save_network
from movenet.runtimes import HeadArrays, create_runtime
from movenet.skeleton import Skeleton
from movenet.tracking import SEARCH_LOOKS

THREE_MARKS = Skeleton(
    names=("red", "green", "blue"),
    mirror_pairs=(("red", "green"),),
    edges=(("red", "blue"),),
    sigmas=(0.05, 0.05, 0.05),
    torso=("red", "blue"),
)
INPUT_SIZE = 128
GRID_SIZE = INPUT_SIZE // 4
PICTURE_SIZE_PX = (320, 240)
MARK_SIDE_PX = 8
# Two persons, each with the middles of its red, green and blue mark; the first is nearer to the picture's middle.
FIRST_PX = ((120, 80), (180, 100), (140, 180))
SECOND_PX = ((248, 150), (300, 130), (280, 212))


@dataclass
class MarkReader:
    """A run-time that finds the marks of each colour in its input: the middle of all red pixels is the red keypoint.

    Attributes:
        metadata: of a network for the three marks.
        error_unit: by which share of the input it errs to the right.
    """

    metadata: ModelMetadata
    error_unit: float = 0.0

    def __call__(self, image: np.ndarray) -> HeadArrays:
        assert image.shape == (INPUT_SIZE, INPUT_SIZE, 3)
        heads = HeadArrays(*(np.zeros(shape, np.float32) for shape in self.metadata.outputs.values()))
        heads.center[0, GRID_SIZE // 2, GRID_SIZE // 2] = 1
        for channel in range(THREE_MARKS.num_keypoints):
            rows, columns = np.nonzero(image[..., channel] > 127)
            if len(rows) == 0:
                continue
            middle_cells = (np.array([columns.mean(), rows.mean()]) + 0.5) * GRID_SIZE / INPUT_SIZE
            middle_cells[0] += self.error_unit * GRID_SIZE
            x, y = middle_cells.astype(int)
            heads.heatmap[channel, y, x] = 1
            heads.offset[2 * channel : 2 * channel + 2, y, x] = middle_cells - (x, y)
        return heads


@dataclass
class World:
    """A folder with one picture, its annotations, and a way to evaluate them.

    Attributes:
        folder: with `picture.png`, `annotations.json`, and `report.json` after an evaluation.
        network: what is evaluated.
    """

    folder: Path
    network: MarkReader

    def evaluate(self, *options: str) -> int:
        """The exit status of `evaluate.py` with these options."""
        files = ["--weights", "model", "--annotations", str(self.folder / "annotations.json")]
        return run_command(evaluate, [*files, "--images", str(self.folder), "--json", str(self.report), *options])

    @property
    def report(self) -> Path:
        return self.folder / "report.json"

    def figures(self, *options: str) -> dict[str, Any]:
        """The json of an evaluation with these options."""
        assert self.evaluate(*options) == 0
        return json.loads(self.report.read_text())


Paint = Callable[..., World]


@pytest.fixture
def paint(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Paint:
    """Make a world with the given persons; a test may change its network."""

    def make(*persons: tuple[tuple[int, int], ...]) -> World:
        _write_picture(tmp_path / "picture.png", persons)
        _write_annotations(tmp_path / "annotations.json", persons)
        world = World(tmp_path, MarkReader(_metadata()))
        monkeypatch.setattr(evaluate, "create_runtime", lambda *_: world.network)
        return world

    return make


def _metadata() -> ModelMetadata:
    channels = {"heatmap": 3, "center": 1, "reg": 6, "offset": 6}
    outputs = {name: (count, GRID_SIZE, GRID_SIZE) for name, count in channels.items()}
    return ModelMetadata("marks", THREE_MARKS, INPUT_SIZE, "sigmoid", outputs)


def _write_picture(path: Path, persons: tuple[tuple[tuple[int, int], ...], ...]) -> None:
    width, height = PICTURE_SIZE_PX
    rgb = np.zeros((height, width, 3), np.uint8)
    for person in persons:
        for channel, (x, y) in enumerate(person):
            half = MARK_SIDE_PX // 2
            rgb[y - half : y + half, x - half : x + half, channel] = 255
    cv2.imwrite(str(path), cv2.cvtColor(rgb, cv2.COLOR_RGB2BGR))


def _write_annotations(path: Path, persons: tuple[tuple[tuple[int, int], ...], ...]) -> None:
    width, height = PICTURE_SIZE_PX
    image = {"id": 1, "file_name": "picture.png", "width": width, "height": height}
    annotations = [_annotation(number, np.array(person)) for number, person in enumerate(persons, start=1)]
    path.write_text(json.dumps({"images": [image], "annotations": annotations}))


def _annotation(number: int, points_px: np.ndarray) -> dict[str, Any]:
    corner, size = points_px.min(axis=0) - MARK_SIDE_PX, np.ptp(points_px, axis=0) + 2 * MARK_SIDE_PX
    keypoints = np.column_stack([points_px, [2, 2, 2]]).ravel()
    return {
        "id": number,
        "image_id": 1,
        "bbox": [*corner.tolist(), *size.tolist()],
        "area": int(size.prod()),
        "keypoints": keypoints.tolist(),
    }


@pytest.mark.parametrize("protocol", ["cropped", "whole"])
def test_a_network_that_reads_the_marks_is_nearly_perfect(paint: Paint, protocol: str) -> None:
    figures = paint(FIRST_PX).figures("--protocol", protocol)
    keys = "pck_5px", "pck_torso_0.2", "oks_ap", "oks_ap50", "oks_ap75", "oks_ar"
    assert [figures[key] for key in keys] == pytest.approx([100] * 6)
    assert list(figures["per_keypoint"]) == ["red", "green", "blue"]
    assert sum(size["persons"] for size in figures["by_size"].values()) == figures["persons"]


def test_the_report_says_how_it_was_measured(paint: Paint) -> None:
    figures = paint(FIRST_PX).figures("--protocol", "whole", "--runtime", "onnx", "--single-person")
    expected = {"persons": 1, "protocol": "whole", "runtime": "onnx", "weights": "model", "input_size": INPUT_SIZE}
    expected |= {"min_keypoints": 1, "single_person": True, "looks": 1}
    assert {key: figures[key] for key in expected} == expected
    assert figures["network_ms_median"] >= 0


@pytest.mark.parametrize(("error_px", "pck_5px"), [(4, 100.0), (6, 0.0)])
def test_a_network_that_errs_by_known_pixels_hits_the_known_pck(paint: Paint, error_px: float, pck_5px: float) -> None:
    world = paint(FIRST_PX)
    world.network.error_unit = error_px / 192
    assert world.figures()["pck_5px"] == pck_5px


def test_cropped_evaluates_each_person_in_its_own_square(paint: Paint) -> None:
    figures = paint(FIRST_PX, SECOND_PX).figures()
    assert (figures["persons"], figures["pck_5px"]) == (2, 100.0)


def test_whole_evaluates_one_person_a_picture(paint: Paint) -> None:
    assert paint(FIRST_PX, SECOND_PX).figures("--protocol", "whole")["persons"] == 1


def test_after_the_search_the_look_is_a_closer_one(paint: Paint) -> None:
    world = paint(FIRST_PX)
    # A share of whatever is looked at: the whole picture is 320 pixels wide, the square around the person 140.
    world.network.error_unit = 6 / 192
    assert world.figures("--protocol", "whole")["pck_5px"] == 0.0
    looks = str(SEARCH_LOOKS + 2)
    figures = world.figures("--protocol", "whole", "--looks", looks)
    assert (figures["pck_5px"], figures["looks"]) == (100.0, int(looks))
    assert world.evaluate("--looks", "0") == STATUS_ERROR
    assert world.evaluate("--protocol", "cropped", "--looks", "2") == STATUS_ERROR


def test_single_person_leaves_out_pictures_of_two(paint: Paint, capsys: pytest.CaptureFixture[str]) -> None:
    assert paint(FIRST_PX, SECOND_PX).evaluate("--single-person") == STATUS_ERROR
    assert "no person alone in its picture has 1 or more labelled keypoints" in capsys.readouterr().err


def test_min_keypoints_can_be_more_than_anybody_has(paint: Paint, capsys: pytest.CaptureFixture[str]) -> None:
    assert paint(FIRST_PX).evaluate("--min-keypoints", "4") == STATUS_ERROR
    assert "4 or more labelled keypoints" in capsys.readouterr().err


def test_the_tables_are_printed(paint: Paint, capsys: pytest.CaptureFixture[str]) -> None:
    paint(FIRST_PX).evaluate()
    output = capsys.readouterr().out
    assert all(word in output for word in ("PCK 5 px", "OKS AP", "green", "100.0"))


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda path: path.unlink(), "cannot be read"),
        (lambda path: path.write_bytes(b""), "is empty"),
        (lambda path: path.write_bytes(path.read_bytes()[:40]), "truncated"),
        (lambda path: cv2.imwrite(str(path), np.zeros((20, 30, 3), np.uint8)), "30 x 20 pixels, but its annotations"),
    ],
    ids=["missing", "empty", "truncated", "other size"],
)
def test_an_unusable_picture_is_one_line_and_leaves_an_old_report_alone(
    paint: Paint, capsys: pytest.CaptureFixture[str], damage: Callable[[Path], object], message: str
) -> None:
    world = paint(FIRST_PX)
    world.report.write_text("old")
    damage(world.folder / "picture.png")
    assert world.evaluate() == STATUS_ERROR
    errors = [line for line in capsys.readouterr().err.splitlines() if line.startswith("error:")]
    assert len(errors) == 1
    assert "picture.png" in errors[0]
    assert message in errors[0]
    assert world.report.read_text() == "old"


def test_a_report_in_a_missing_folder_is_known_before_the_work(
    paint: Paint, capsys: pytest.CaptureFixture[str]
) -> None:
    world = paint(FIRST_PX)
    assert world.evaluate("--json", str(world.folder / "missing" / "report.json")) == STATUS_ERROR
    assert "in a folder that exists" in capsys.readouterr().err


def test_no_unfinished_file_is_left_beside_the_report(paint: Paint) -> None:
    world = paint(FIRST_PX)
    world.evaluate()
    assert {path.name for path in world.folder.iterdir()} == {"picture.png", "annotations.json", "report.json"}


def test_the_skeleton_file_may_change_the_sigmas_but_not_the_keypoints(
    paint: Paint, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    world = paint(FIRST_PX)
    world.network.error_unit = 0.05
    definition, path = THREE_MARKS.to_dict(), tmp_path / "skeleton.yaml"
    by_model = world.figures()["oks_ap"]
    for keypoint in definition["keypoints"]:
        keypoint["sigma"] = 5.0
    path.write_text(json.dumps(definition))
    assert by_model < world.figures("--skeleton", str(path))["oks_ap"] == pytest.approx(100)

    path.write_text(json.dumps({"keypoints": [{"name": "nose", "sigma": 0.1}]}))
    assert world.evaluate("--skeleton", str(path)) == STATUS_ERROR
    assert "are not the model's 3 (red, green, blue, ...)" in capsys.readouterr().err


def test_a_checkpoint_file_is_run_by_torch(paint: Paint, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    world = paint(FIRST_PX)
    monkeypatch.setattr(evaluate, "create_runtime", create_runtime)
    spec = NetworkSpec("shufflenet_v2_x0_5", INPUT_SIZE, "sigmoid", THREE_MARKS)
    save_network(tmp_path / "untrained.ckpt", spec.build(), spec)
    figures = world.figures("--weights", str(tmp_path / "untrained.ckpt"))
    assert (figures["runtime"], figures["persons"]) == ("torch", 1)
