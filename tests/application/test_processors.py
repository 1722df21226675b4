"""The application finds the same on ARM as on this machine, and what half precision changes there is measured.

The ARM programs run in an emulator, as the processor that a test names: half precision is computed only by those that
can.
"""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import cv2
import numpy as np
import pytest

from movenet.metadata import ModelMetadata
from movenet.visualize import MIN_SCORE as SHOWN_SCORE

from .conftest import ROOT

# An emulated processor is some fifty times slower.
pytestmark = pytest.mark.timeout(3600)

WEIGHTS = ROOT / "weights/default"
PHOTOGRAPHS_OF_A_SET = 4
SINGLE = ("--storage", "fp32")
# In pixels of the network's input, and of a score.
MAX_DIFFERENCE_PX = 0.01
MAX_SCORE_DIFFERENCE = 0.001
# Which points are asked for, and those of them that half precision may bring to another place. Two pictures have so few
# that ties among those that nobody is shown would decide.
MIN_SCORES = {"demo_pictures": SHOWN_SCORE, "photographs": 0.2}
MOVED_PX = 1.0
MAX_MOVED_SHARE = 0.1
MAX_MEDIAN_PX = 0.2


@pytest.fixture(scope="module")
def demo_pictures(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """Two PNG files of scikit-image, and their mirror images: a single point of the two would be a large share."""
    folder = tmp_path_factory.mktemp("demo_pictures")
    subprocess.run([sys.executable, ROOT / "examples/demo_pictures.py", folder], check=True)
    for path in sorted(folder.iterdir()):
        cv2.imwrite(str(folder / f"mirrored-{path.name}"), cv2.imread(str(path))[:, ::-1])
    return sorted(folder.iterdir())


@pytest.fixture(scope="module")
def photographs(data_root: Path, tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    """PNG files: every set's first ones."""
    folder = tmp_path_factory.mktemp("photographs")
    for name in ("coco", "lspet", "mpii"):
        for path in sorted((data_root / name).rglob("*.webp"))[:PHOTOGRAPHS_OF_A_SET]:
            cv2.imwrite(str(folder / f"{name}-{path.stem}.png"), cv2.imread(str(path)))
    return sorted(folder.iterdir())


@pytest.fixture(scope="module", params=list(MIN_SCORES))
def picture_set(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture(scope="module")
def pictures(request: pytest.FixtureRequest, picture_set: str) -> list[Path]:
    result: list[Path] = request.getfixturevalue(picture_set)
    return result


@pytest.fixture(scope="module")
def min_score(picture_set: str) -> float:
    return MIN_SCORES[picture_set]


@pytest.fixture(scope="module")
def expected(apps: dict[str, list[str]], pictures: list[Path]) -> np.ndarray:
    """What this machine's program finds in the pictures, in single precision."""
    return found(apps["native"], pictures, *SINGLE)


def found(app: list[str], pictures: list[Path], *options: str) -> np.ndarray:
    """float [pictures, K, 3] by one look at each whole picture: x, y in pixels of the network's input, score."""
    points = keypoints([*app, "--image", *map(str, pictures), "--no-tracking", *options])
    sides = [max(cv2.imread(str(path)).shape) for path in pictures]
    points[..., :2] *= ModelMetadata.load(WEIGHTS).input_size / np.array(sides)[:, None, None]
    return points


def keypoints(command: list[str], given: bytes = b"") -> np.ndarray:
    """float [frames, K, 3]: x, y in pixels of the frame, score."""
    result = subprocess.run([*command, "--model", WEIGHTS], input=given, capture_output=True)
    assert result.returncode == 0, result.stderr
    lines = [json.loads(line)["keypoints"] for line in result.stdout.splitlines()]
    return np.array([[[point["x"], point["y"], point["score"]] for point in points] for points in lines])


def on(app: list[str], cpu: str) -> list[str]:
    """The command `qemu-... program`, as another processor than the emulator's best."""
    emulator, program = app
    return [emulator, "-cpu", cpu, program]


@pytest.mark.parametrize(
    ("name", "cpu"), [("arm64", "cortex-a53"), ("arm64", "cortex-a76"), ("armhf", "cortex-a7"), ("armhf", "cortex-a8")]
)
def test_pictures_get_the_same_keypoints_on_arm(
    apps: dict[str, list[str]], pictures: list[Path], expected: np.ndarray, name: str, cpu: str
) -> None:
    difference = np.abs(found(on(apps[name], cpu), pictures, *SINGLE) - expected)
    assert difference[..., :2].max() <= MAX_DIFFERENCE_PX
    assert difference[..., 2].max() <= MAX_SCORE_DIFFERENCE


@pytest.mark.parametrize("name", ["arm64", "armhf"])
@pytest.mark.parametrize("layout", ["rgb", "nv12"])
def test_raw_frames_are_tracked_and_smoothed_alike_on_arm(
    apps: dict[str, list[str]], demo_pictures: list[Path], name: str, layout: str
) -> None:
    # A camera that moves over a picture.
    picture = cv2.imread(str(demo_pictures[0]))
    frames = [picture[4 * step : 4 * step + 320, 8 * step : 8 * step + 320] for step in range(5)]
    convert = {"rgb": lambda frame: frame[..., ::-1].tobytes(), "nv12": nv12}[layout]
    pixels = b"".join(map(convert, frames))
    options = ["--raw", "320x320", "--format", layout, *SINGLE]
    machine, board = (keypoints([*apps[program], *options], pixels) for program in ("native", name))
    assert len(machine) == len(frames)
    np.testing.assert_allclose(board, machine, rtol=0, atol=MAX_DIFFERENCE_PX)


def nv12(frame_bgr: np.ndarray) -> bytes:
    planes = cv2.cvtColor(frame_bgr, cv2.COLOR_BGR2YUV_I420)
    luma, chroma = np.split(planes, [frame_bgr.shape[0]])
    return luma.tobytes() + chroma.reshape(2, -1).T.tobytes()


@pytest.mark.parametrize(
    ("name", "cpu", "arithmetic"),
    [
        ("native", "", "fp32"),
        ("arm64", "cortex-a53", "fp32"),
        ("arm64", "cortex-a76", "fp32"),
        ("arm64", "cortex-a76", "fp16"),
        ("armhf", "cortex-a7", "fp32"),
    ],
)
def test_half_precision_moves_few_points(
    apps: dict[str, list[str]],
    pictures: list[Path],
    expected: np.ndarray,
    min_score: float,
    name: str,
    cpu: str,
    arithmetic: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    app = on(apps[name], cpu) if cpu else apps[name]
    difference = np.abs(found(app, pictures, "--storage", "fp16", "--arithmetic", arithmetic) - expected)
    seen = expected[..., 2] >= min_score
    distances_px = difference[..., :2].max(axis=-1)[seen]
    moved = (distances_px > MOVED_PX).mean()
    with capsys.disabled():
        print(
            f"\n{name} {cpu}, storage fp16, arithmetic {arithmetic}, {seen.sum()} points in {len(pictures)} pictures: "
            f"median {np.median(distances_px):.4f} px, {moved:.1%} moved by more than {MOVED_PX:g} px, "
            f"the farthest by {distances_px.max():.3f} px, scores by up to {difference[..., 2].max():.4f}"
        )
    assert moved <= MAX_MOVED_SHARE
    assert np.median(distances_px) <= MAX_MEDIAN_PX
