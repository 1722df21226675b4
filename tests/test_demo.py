"""The demo as a user runs it: what it prints and writes for each kind of source, and what it leaves after an error."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import cv2
import numpy as np
import pytest

from movenet.cli import STATUS_ERROR, STATUS_INTERRUPTED, main, run_command
from movenet.commands import demo
from movenet.errors import DataError
from movenet.estimator import PoseEstimator
from movenet.outputs import open_output
from movenet.skeleton import COCO17
from movenet.sources import SourceKind, open_source
from movenet.tracking import SEARCH_LOOKS, PoseTracker, find_in_picture

REPOSITORY = Path(__file__).parents[1]
NUM_FRAMES = 4


@pytest.fixture
def pictures(tmp_path: Path, frame: np.ndarray) -> Path:
    """A folder with two pictures."""
    folder = tmp_path / "pictures"
    folder.mkdir()
    for name in ("first.png", "second.jpg"):
        cv2.imwrite(str(folder / name), frame)
    return folder


@pytest.fixture
def video(tmp_path: Path, frame: np.ndarray) -> Path:
    path = tmp_path / "video.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (frame.shape[1], frame.shape[0]))
    for _ in range(NUM_FRAMES):
        writer.write(frame)
    writer.release()
    return path


class LiveSource:
    """A camera that somebody stops with Ctrl-C."""

    kind = SourceKind.LIVE
    length = None
    frames_per_second = None

    def __init__(self, frame: np.ndarray) -> None:
        self._frame = frame

    def __iter__(self) -> Iterator[tuple[str, np.ndarray]]:
        for _ in range(NUM_FRAMES):
            yield "camera 0", self._frame
        raise KeyboardInterrupt


def run(model: Path, source: object, *options: object) -> int:
    argv = ["--source", source, "--weights", model, "--no-display", *options]
    return run_command(demo, [str(argument) for argument in argv])


def read_lines(path: Path) -> list[dict[str, object]]:
    return [json.loads(line) for line in path.read_text().splitlines()]


def count_frames(path: Path) -> int:
    capture, count = cv2.VideoCapture(str(path)), 0
    while capture.read()[0]:
        count += 1
    return count


def files_in(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_picture_prints_every_keypoint(tiny_model: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert run(tiny_model, pictures / "first.png") == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in (*COCO17.names, "first.png", "pre-processing", "network", "decode"))


def test_picture_to_picture(tiny_model: Path, pictures: Path, tmp_path: Path, frame: np.ndarray) -> None:
    output = tmp_path / "new" / "drawn.png"
    assert run(tiny_model, pictures / "first.png", "--output", output, "--min-score", 0) == 0
    drawn = cv2.imread(str(output))
    assert drawn is not None
    assert drawn.shape == frame.shape
    assert not np.array_equal(drawn, frame)
    assert files_in(output.parent) == ["drawn.png"]


def test_folder_to_folder(tiny_model: Path, pictures: Path, tmp_path: Path) -> None:
    assert run(tiny_model, pictures, "--output", tmp_path / "drawn", "--jsonl", tmp_path / "points.jsonl") == 0
    assert files_in(tmp_path / "drawn") == ["first.png", "second.jpg"]
    lines = read_lines(tmp_path / "points.jsonl")
    assert [(line["source"], line["frame"]) for line in lines] == [("first.png", 0), ("second.jpg", 1)]


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_video_to_video(tiny_model: Path, video: Path, tmp_path: Path, suffix: str) -> None:
    output = tmp_path / "new" / f"drawn{suffix}"
    assert run(tiny_model, video, "--output", output, "--jsonl", tmp_path / "points.jsonl") == 0
    assert count_frames(output) == NUM_FRAMES
    assert files_in(output.parent) == [output.name]
    (first, *_) = lines = read_lines(tmp_path / "points.jsonl")
    assert len(lines) == NUM_FRAMES
    assert [set(point) for point in first["keypoints"]] == [{"name", "x", "y", "score"}] * COCO17.num_keypoints  # type: ignore[attr-defined]


def walk(step: int) -> np.ndarray:
    """A frame of a camera that moves along scikit-image's photographer, uint8 BGR [480, 640, 3]."""
    data = pytest.importorskip("skimage.data", reason="the demo extra is not installed")
    frame = np.full((480, 640, 3), 90, np.uint8)
    frame[100:420, 200 - 10 * step : 520 - 10 * step] = cv2.resize(data.camera(), (320, 320))[..., None]
    return frame


def keypoints_of(line: dict[str, object]) -> np.ndarray:
    points: list[dict[str, float]] = line["keypoints"]  # type: ignore[assignment]
    return np.array([[point["x"], point["y"], point["score"]] for point in points], np.float32)


def test_a_picture_is_searched_unless_told_otherwise(tmp_path: Path) -> None:
    cv2.imwrite(str(tmp_path / "frame.png"), walk(0))
    estimator = PoseEstimator(demo.DEFAULT_WEIGHTS)
    found = []
    for options, expected in (([], find_in_picture(estimator, walk(0))), (["--no-tracking"], estimator(walk(0)))):
        assert run(demo.DEFAULT_WEIGHTS, tmp_path / "frame.png", "--jsonl", tmp_path / "points.jsonl", *options) == 0
        (line,) = read_lines(tmp_path / "points.jsonl")
        assert (keypoints_of(line) == expected.keypoints).all()
        found.append(expected.keypoints)
    assert np.abs(found[0] - found[1]).max() > 1


def test_a_video_is_followed_and_smoothed_unless_told_otherwise(tmp_path: Path) -> None:
    path = tmp_path / "walk.avi"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter.fourcc(*"MJPG"), 10, (640, 480))
    for step in range(SEARCH_LOOKS + 4):
        writer.write(walk(step))
    writer.release()
    frames = [frame for _, frame in open_source(str(path))]
    estimator = PoseEstimator(demo.DEFAULT_WEIGHTS)
    found = []
    for options, tracker in (
        ([], PoseTracker(estimator)),
        (["--no-smoothing"], PoseTracker(estimator, smoothing=False)),
        (["--no-tracking", "--no-smoothing"], PoseTracker(estimator, tracking=False, smoothing=False)),
    ):
        assert run(demo.DEFAULT_WEIGHTS, path, "--jsonl", tmp_path / "points.jsonl", *options) == 0
        expected = [tracker(frame, number / 10).keypoints for number, frame in enumerate(frames)]
        lines = [keypoints_of(line) for line in read_lines(tmp_path / "points.jsonl")]
        np.testing.assert_allclose(lines, expected, rtol=0, atol=1e-3)
        found.append(np.array(lines))
    assert np.abs(found[0] - found[1]).max() > 0.5
    assert np.abs(found[1] - found[2]).max() > 0.5


@pytest.mark.parametrize("runtime", ["onnx", "torch"])
def test_other_runtimes(tiny_model: Path, pictures: Path, runtime: str) -> None:
    assert run(tiny_model, pictures, "--runtime", runtime) == 0


def test_a_checkpoint_is_run_by_torch(tiny_checkpoint: Path, pictures: Path) -> None:
    assert run(tiny_checkpoint, pictures) == 0


def test_ctrl_c_ends_a_recording(
    tiny_model: Path, tmp_path: Path, frame: np.ndarray, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(demo, "open_source", lambda _: LiveSource(frame))
    assert run(tiny_model, 0, "--output", tmp_path / "recording.avi") == 0
    assert count_frames(tmp_path / "recording.avi") == NUM_FRAMES


def test_ctrl_c_leaves_nothing_of_a_file(
    tiny_model: Path, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupted(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(demo, "json_line", interrupted)
    folder = tmp_path / "new"
    options = ("--output", folder / "drawn.mp4", "--jsonl", folder / "points.jsonl")
    assert run(tiny_model, video, *options) == STATUS_INTERRUPTED
    assert files_in(folder) == []


def test_old_output_survives_an_error(tiny_model: Path, pictures: Path, tmp_path: Path) -> None:
    old = tmp_path / "points.jsonl"
    old.write_text("old")
    (pictures / "first.png").write_bytes(b"broken")
    assert run(tiny_model, pictures / "first.png", "--jsonl", old) == STATUS_ERROR
    assert old.read_text() == "old"
    assert files_in(tmp_path) == ["pictures", "points.jsonl"]


@pytest.mark.parametrize(
    ("options", "message"),
    [
        (["--runtime", "tflite"], "known: ncnn, onnx, torch"),
        (["--weights", "/nowhere"], "/nowhere"),
        (["--threads", "0"], "threads"),
        (["--min-score", "2"], "--min-score"),
        (["--output", "drawn.xyz"], "suffixes"),
        (["--output", "/proc/drawn.png"], "cannot be written"),
        (["--jsonl", "/proc/points.jsonl"], "cannot be written"),
    ],
)
def test_wrong_option_is_one_line_and_status_2(
    tiny_model: Path, pictures: Path, options: list[str], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tiny_model, pictures / "first.png", *options) == STATUS_ERROR
    error = capsys.readouterr().err
    assert error.startswith("error: ")
    assert error.count("\n") == 1
    assert message in error


def test_source_is_never_overwritten(tiny_model: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = (pictures / "first.png").read_bytes()
    assert run(tiny_model, pictures, "--output", pictures) == STATUS_ERROR
    assert run(tiny_model, pictures / "first.png", "--output", pictures / "first.png") == STATUS_ERROR
    assert (pictures / "first.png").read_bytes() == before
    assert "overwrite" in capsys.readouterr().err


def test_video_without_any_output_is_an_error(
    tiny_model: Path, video: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert run(tiny_model, video) == STATUS_ERROR
    error = capsys.readouterr().err
    assert "--output" in error
    assert "pip install opencv-python" in error


def test_without_a_screen_the_demo_says_so_and_goes_on(
    tiny_model: Path, pictures: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(demo, "display_problem", lambda: "the test has no screen")
    arguments = ["--source", str(pictures / "first.png"), "--weights", str(tiny_model)]
    assert run_command(demo, arguments) == 0
    assert capsys.readouterr().err == "no window: the test has no screen\n"


def test_closing_the_window_ends_a_video(
    tiny_model: Path, video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = []
    monkeypatch.setattr(demo, "display_problem", lambda: None)
    monkeypatch.setattr(cv2, "imshow", lambda _, frame: shown.append(frame))
    monkeypatch.setattr(cv2, "waitKey", lambda _: ord("q"))
    monkeypatch.setattr(cv2, "destroyAllWindows", lambda: None)
    jsonl = tmp_path / "points.jsonl"
    arguments = ["--source", str(video), "--weights", str(tiny_model), "--jsonl", str(jsonl)]
    assert run_command(demo, arguments) == 0
    assert len(shown) == len(read_lines(jsonl)) == 1


def test_frames_of_a_video_keep_their_size(tmp_path: Path, frame: np.ndarray) -> None:
    def write_two_sizes() -> None:
        with open_output(tmp_path / "drawn.avi", LiveSource(frame)) as sink:
            sink("camera 0", frame)
            sink("camera 0", frame[:-2])

    with pytest.raises(DataError, match="size changed"):
        write_two_sizes()
    assert files_in(tmp_path) == []


def test_installed_command_does_the_same(tiny_model: Path, pictures: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--source", str(pictures), "--weights", str(tiny_model), "--no-display"]) == 0
    assert "left_ankle" in capsys.readouterr().out


def test_broken_video_is_one_line_on_stderr(tiny_model: Path, tmp_path: Path) -> None:
    (tmp_path / "broken.mp4").write_bytes(b"no video")
    command = [sys.executable, "demo.py", "--source", str(tmp_path / "broken.mp4"), "--weights", str(tiny_model)]
    result = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True, check=False)
    assert result.returncode == STATUS_ERROR
    assert result.stderr == "error: broken.mp4: not a video that OpenCV can read\n"


def test_example_pictures(tmp_path: Path) -> None:
    pytest.importorskip("skimage", reason="the demo extra is not installed")
    subprocess.run([sys.executable, "examples/demo_pictures.py", str(tmp_path)], cwd=REPOSITORY, check=True)
    assert files_in(tmp_path) == ["astronaut.png", "camera.png"]
