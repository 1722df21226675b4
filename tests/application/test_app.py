"""The application as its users run it: the Python estimator's poses, and a reason for whatever it refuses."""

from __future__ import annotations

import hashlib
import json
import shlex
import shutil
import signal
import subprocess
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest

from movenet.commands.demo import Estimate, json_line
from movenet.estimator import PoseEstimator
from movenet.tracking import PoseTracker, find_in_picture

WEIGHTS = Path(__file__).parents[2] / "weights/default"
# Measured: 0.0001; the decoder's float32 and another build of ncnn are all that differs.
MAX_DIFFERENCE_PX = 0.01
WHOLE = ("--no-tracking", "--no-smoothing")


@pytest.fixture(scope="module")
def estimator() -> PoseEstimator:
    return PoseEstimator(WEIGHTS, "ncnn")


@pytest.fixture(scope="module")
def photographs(data_root: Path) -> list[np.ndarray]:
    """Every set's first ones, uint8 BGR."""
    paths = [path for name in ("coco", "lspet", "mpii") for path in sorted((data_root / name).rglob("*.webp"))[:8]]
    return [cv2.imread(str(path)) for path in paths]


def run(app: list[str], *arguments: str | Path, given: bytes = b"") -> subprocess.CompletedProcess[bytes]:
    return subprocess.run([*app, "--model", WEIGHTS, *arguments], input=given, capture_output=True, timeout=300)


def poses(app: list[str], frames_bgr: Iterable[np.ndarray], *options: str) -> list[dict[str, Any]]:
    """The application's lines on raw RGB frames of one size."""
    frames = list(frames_bgr)
    height, width = frames[0].shape[:2]
    pixels = b"".join(np.ascontiguousarray(frame[..., ::-1]).tobytes() for frame in frames)
    result = run(app, "--raw", f"{width}x{height}", *options, given=pixels)
    assert result.returncode == 0, result.stderr
    return [json.loads(line) for line in result.stdout.splitlines()]


def keypoints(line: dict[str, Any]) -> np.ndarray:
    return np.array([[point["x"], point["y"], point["score"]] for point in line["keypoints"]])


def assert_refused(result: subprocess.CompletedProcess[bytes], *parts: str) -> None:
    assert result.returncode == 2, (result.returncode, result.stderr)
    message = result.stderr.decode()
    assert message.splitlines()[-1].startswith("error: ")
    for part in parts:
        assert part in message
    assert not result.stdout


def changed_model(folder: Path, name: str, content: bytes, hide: bool) -> Path:
    """A copy of the weights with another file in one's place, and with `hide` metadata that says so."""
    shutil.copytree(WEIGHTS, folder, ignore=shutil.ignore_patterns("*.onnx", "*.ckpt"))
    (folder / name).write_bytes(content)
    if hide:
        metadata = json.loads((folder / "metadata.json").read_text(encoding="utf-8"))
        metadata["files"][name] |= {"num_bytes": len(content), "sha256": hashlib.sha256(content).hexdigest()}
        (folder / "metadata.json").write_text(json.dumps(metadata), encoding="utf-8")
    return folder


def test_photographs_get_the_python_estimators_poses(
    app: list[str], estimator: PoseEstimator, photographs: list[np.ndarray]
) -> None:
    for frame in photographs:
        (line,) = poses(app, [frame], *WHOLE)
        np.testing.assert_allclose(keypoints(line), estimator(frame).keypoints, rtol=0, atol=MAX_DIFFERENCE_PX)


def test_a_tracked_and_smoothed_sequence_is_the_python_trackers(
    app: list[str], estimator: PoseEstimator, photographs: list[np.ndarray]
) -> None:
    # A camera that moves over a photograph.
    for photograph in photographs[::6]:
        larger = cv2.resize(photograph, (400, 360))
        frames = [larger[2 * step : 2 * step + 300, 5 * step : 5 * step + 320] for step in range(12)]
        tracker = PoseTracker(estimator)
        for number, (frame, line) in enumerate(zip(frames, poses(app, frames), strict=True)):
            pose = tracker(np.ascontiguousarray(frame), number / 30)
            np.testing.assert_allclose(keypoints(line), pose.keypoints, rtol=0, atol=MAX_DIFFERENCE_PX)


def test_a_png_gets_the_pose_of_its_pixels(
    app: list[str], estimator: PoseEstimator, tmp_path: Path, frame: np.ndarray
) -> None:
    if b"NOT in this build" in run(app, "--help").stdout:
        pytest.skip("the application was built without stb_image and OpenCV")
    cv2.imwrite(str(tmp_path / "noise.png"), frame)
    (line,) = run(app, "--image", tmp_path / "noise.png", "--no-tracking").stdout.splitlines()
    np.testing.assert_allclose(keypoints(json.loads(line)), estimator(frame).keypoints, rtol=0, atol=MAX_DIFFERENCE_PX)


def test_pictures_are_searched_as_in_python(
    app: list[str], estimator: PoseEstimator, photographs: list[np.ndarray], tmp_path: Path
) -> None:
    if b"NOT in this build" in run(app, "--help").stdout:
        pytest.skip("the application was built without stb_image and OpenCV")
    paths = [tmp_path / f"{number}.png" for number in range(len(photographs))]
    for path, photograph in zip(paths, photographs, strict=True):
        cv2.imwrite(str(path), photograph)
    lines = run(app, "--image", *paths).stdout.splitlines()
    closely = [find_in_picture(estimator, photograph).keypoints for photograph in photographs]
    for line, expected in zip(lines, closely, strict=True):
        np.testing.assert_allclose(keypoints(json.loads(line)), expected, rtol=0, atol=MAX_DIFFERENCE_PX)
    once = [estimator(photograph).keypoints for photograph in photographs]
    assert np.mean([np.abs(a - b).max() > 1 for a, b in zip(once, closely, strict=True)]) > 0.3


def test_lines_have_the_demos_keys(app: list[str], estimator: PoseEstimator, frame: np.ndarray) -> None:
    (line,) = poses(app, [frame], *WHOLE)
    expected = json.loads(json_line(Estimate("stdin", 0, estimator(frame), frame)))
    assert list(line) == list(expected)
    assert line["source"] == expected["source"]
    assert line["frame"] == expected["frame"]
    assert line["score"] == pytest.approx(expected["score"], abs=1e-5)
    assert [list(point) for point in line["keypoints"]] == [list(point) for point in expected["keypoints"]]
    assert [point["name"] for point in line["keypoints"]] == [point["name"] for point in expected["keypoints"]]
    assert list(line["timings"]) == list(expected["timings"])


@pytest.mark.parametrize("options", [["--storage", "fp32"], ["--arithmetic", "fp16"], ["--threads", "2"]])
def test_options_of_the_network_move_points_little(app: list[str], frame: np.ndarray, options: list[str]) -> None:
    plain, other = (keypoints(poses(app, [frame], *WHOLE, *more)[0]) for more in ([], options))
    assert np.abs(plain[:, 2] - other[:, 2]).max() < 0.05


def test_formats_agree_on_grey(app: list[str], frame: np.ndarray) -> None:
    grey = cv2.cvtColor(cv2.resize(frame, (64, 48)), cv2.COLOR_BGR2GRAY)
    luma = np.clip(16 + grey.astype(float) * 219 / 255, 16, 235).round().astype(np.uint8)
    back = np.clip((luma.astype(float) - 16) * 255 / 219, 0, 255).round().astype(np.uint8)
    neutral = np.full((24, 64), 128, np.uint8)
    rgb = np.repeat(back[..., None], 3, axis=2)
    pixels = {
        "rgb": rgb,
        "bgr": rgb,
        "nv12": np.vstack([luma, neutral]),
        "i420": np.vstack([luma, neutral]),
        "yuyv": np.stack([luma, np.full_like(luma, 128)], axis=2),
    }
    found = []
    for name, array in pixels.items():
        result = run(app, "--raw", "64x48", "--format", name, *WHOLE, given=array.tobytes())
        found.append(keypoints(json.loads(result.stdout)))
    for other in found[1:]:
        np.testing.assert_array_equal(other, found[0])


def test_each_line_is_there_before_the_next_frame_comes(app: list[str], frame: np.ndarray) -> None:
    height, width = frame.shape[:2]
    with subprocess.Popen(
        [*app, "--model", WEIGHTS, "--raw", f"{width}x{height}", "--times"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    ) as process:
        assert process.stdin is not None
        assert process.stdout is not None
        assert process.stderr is not None
        for number in range(3):
            process.stdin.write(frame.tobytes())
            process.stdin.flush()
            assert json.loads(process.stdout.readline())["frame"] == number
        process.send_signal(signal.SIGINT)
        assert process.wait(60) == 0
        assert b"3 frames" in process.stderr.read()


def test_a_reader_that_leaves_early_is_no_error(app: list[str], frame: np.ndarray) -> None:
    height, width = frame.shape[:2]
    command = f"{shlex.join(app)} --model '{WEIGHTS}' --raw {width}x{height} | head -n 1; echo ${{PIPESTATUS[0]}}"
    result = subprocess.run(["bash", "-c", command], input=20 * frame.tobytes(), capture_output=True, timeout=300)
    line, status = result.stdout.splitlines()
    assert json.loads(line)["frame"] == 0
    assert status == b"0"


def test_a_stream_of_nothing_is_the_end(any_app: list[str]) -> None:
    result = run(any_app, "--raw", "64x48", "--times")
    assert (result.returncode, result.stdout) == (0, b"")
    assert b"no frames" in result.stderr


def test_a_number_of_frames_is_kept(any_app: list[str], frame: np.ndarray) -> None:
    assert len(poses(any_app, [frame] * 5, "--frames", "3")) == 3


def test_a_frame_cut_short_is_refused_after_the_whole_ones(any_app: list[str], frame: np.ndarray) -> None:
    height, width = frame.shape[:2]
    result = run(any_app, "--raw", f"{width}x{height}", given=frame.tobytes() + frame.tobytes()[:-1])
    assert result.returncode == 2
    assert len(result.stdout.splitlines()) == 1
    assert b"ended inside frame 1" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--raw", "99999x99999"], "within 1 .. 16384"),
        (["--raw", "0x0"], "within 1 .. 16384"),
        (["--raw", "641x480", "--format", "nv12"], "even sizes"),
        (["--image", __file__], "not a picture"),
        (["--image", "/no/such.jpg"], "/no/such.jpg"),
        (["--device", "/dev/null"], "not a video device"),
        (["--device", __file__], "not a video device"),
        (["--device", "/dev/no-camera"], "cannot be opened"),
        ([], "give one source"),
    ],
)
def test_what_makes_no_sense_is_refused_in_a_line(any_app: list[str], arguments: list[str], message: str) -> None:
    if "NOT in this build" in run(any_app, "--help").stdout.decode() and "--image" in arguments:
        pytest.skip("the application was built without stb_image and OpenCV")
    assert_refused(run(any_app, *arguments), message)


@pytest.mark.parametrize("hide", [False, True], ids=["as_copied", "with_matching_metadata"])
@pytest.mark.parametrize("name", ["model.ncnn.bin", "model.ncnn.param"])
@pytest.mark.parametrize("share", [0.0, 0.5, 0.99])
def test_a_model_file_cut_in_the_middle_is_refused(
    any_app: list[str], tmp_path: Path, frame: np.ndarray, name: str, share: float, hide: bool
) -> None:
    content = (WEIGHTS / name).read_bytes()
    model = changed_model(tmp_path / "model", name, content[: int(share * len(content))], hide)
    assert_refused(run(any_app, "--model", model, "--raw", "80x48", given=frame.tobytes()), "model.ncnn.")


def test_a_param_file_of_another_network_is_refused(any_app: list[str], tmp_path: Path, frame: np.ndarray) -> None:
    param = (WEIGHTS / "model.ncnn.param").read_text(encoding="utf-8")
    others = {
        "names no output": param.replace(" out3 ", " output "),
        "names no input": param.replace(" in0", " data"),
        "other shape": param.replace(" out1 ", " swap ").replace(" out0 ", " out1 ").replace(" swap ", " out0 "),
        "unknown layer": param.replace("BinaryOp ", "Unheard ", 1),
        "no param file": "hello\n",
        "other magic": "1" + param,
    }
    for case, text in others.items():
        model = changed_model(tmp_path / case, "model.ncnn.param", text.encode(), hide=True)
        assert_refused(run(any_app, "--model", model, "--raw", "80x48", given=frame.tobytes()), "model.ncnn.param")
        assert_refused(run(any_app, "--model", tmp_path, "--raw", "80x48"), "metadata.json")


def test_a_missing_model_is_refused_with_what_to_give(any_app: list[str]) -> None:
    assert_refused(run(any_app, "--model", "/no/such/folder", "--raw", "8x8"), "python -m export")
