"""The imported networks answer as the published ones do in TensorFlow.js, on real photographs.

Needs the published models, Node, and TensorFlow.js, which no other test needs; see docs/google.md for both variables.
"""

from __future__ import annotations

import os
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest
import torch

from movenet.data.pictures import read_picture
from movenet.decoding import decode
from movenet.geometry import extract_square, letterbox_square
from movenet.importing import import_google

MODELS_VARIABLE = "MOVENET_GOOGLE_MODELS"
TFJS_VARIABLE = "MOVENET_TFJS"
SCRIPT = Path(__file__).with_name("google_heads.js")

HEAD_LIMIT = 1e-3
POINT_LIMIT_PX = 0.01
NUM_DATA_PICTURES = 4

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def models() -> Path:
    return _folder(MODELS_VARIABLE, "the unpacked npm package with Google's models") / "models"


@pytest.fixture(scope="module")
def node_modules() -> Path:
    if shutil.which("node") is None:
        pytest.skip("Node is not installed")
    return _folder(TFJS_VARIABLE, "a folder where TensorFlow.js is installed by npm") / "node_modules"


@pytest.mark.parametrize("name", ["lightning", "thunder"])
def test_heads_and_points_are_those_of_tensorflow_js(
    name: str, models: Path, node_modules: Path, photographs: list[np.ndarray], tmp_path: Path
) -> None:
    file = models / f"movenet-{name}.json"
    network, spec = import_google(file)
    squares = [_whole(picture, spec.input_size) for picture in photographs]
    published = _run_tensorflow_js(file, np.stack(squares), node_modules, tmp_path)
    for square, (*their_heads, their_points) in zip(squares, published, strict=True):
        with torch.inference_mode():
            heads = network(torch.from_numpy(square.transpose(2, 0, 1)[None]).float())
        our_heads = [head[0].contiguous().numpy() for head in heads]
        for ours, theirs in zip(our_heads, their_heads, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=HEAD_LIMIT)
        our_points = decode(*our_heads)
        far_px = np.abs(our_points[:, :2] - their_points[:, :2]).max() * spec.input_size
        assert far_px < POINT_LIMIT_PX
        np.testing.assert_allclose(our_points[:, 2], their_points[:, 2], rtol=0, atol=HEAD_LIMIT)


@pytest.fixture(scope="module")
def photographs() -> list[np.ndarray]:
    """scikit-image's, and some of the data folder where there is one; uint8 RGB."""
    data = pytest.importorskip("skimage.data")
    pictures = [data.astronaut(), np.repeat(data.camera()[:, :, None], 3, axis=2)]
    folder = os.environ.get("MOVENET_TEST_DATA")
    files = sorted((Path(folder) / "coco" / "images").iterdir())[:NUM_DATA_PICTURES] if folder else []
    return pictures + [np.ascontiguousarray(read_picture(file)[:, :, ::-1]) for file in files]


def _folder(variable: str, what: str) -> Path:
    value = os.environ.get(variable)
    if not value or not Path(value).is_dir():
        pytest.skip(f"{variable} does not name {what}")
    return Path(value)


def _whole(picture: np.ndarray, size: int) -> np.ndarray:
    height, width = picture.shape[:2]
    return extract_square(picture, letterbox_square(width, height), size)[0]


def _run_tensorflow_js(model: Path, squares: np.ndarray, node_modules: Path, folder: Path) -> list[list[np.ndarray]]:
    """For each square the four heads in our layout, and the points [K, 3]: x and y as shares of the square, score."""
    size = squares.shape[1]
    (folder / "squares.u8").write_bytes(squares.tobytes())
    command = ["node", str(SCRIPT), str(model), str(size), str(folder / "squares.u8"), str(folder / "answers.f32")]
    environment = os.environ | {"NODE_PATH": str(node_modules)}
    subprocess.run(command, check=True, env=environment, capture_output=True)
    answers = np.fromfile(folder / "answers.f32", np.float32).reshape(len(squares), -1)
    return [_split(answer, size // 4) for answer in answers]


def _split(answer: np.ndarray, grid_size: int) -> list[np.ndarray]:
    channels = (17, 1, 34, 34)
    ends = np.cumsum([count * grid_size**2 for count in channels])
    *heads, points = np.split(answer, ends)
    heatmap, center, reg, offset = (head.reshape(grid_size, grid_size, -1).transpose(2, 0, 1) for head in heads)
    y, x, score = points.reshape(-1, 3).T
    # The published file turns cells into shares of the picture by 1 / G in float16; ours divides by G.
    rounding = np.float32(np.float16(1 / grid_size)) * grid_size
    unit = np.column_stack([x / rounding, y / rounding, score])
    return [heatmap, center, _x_first(reg), _x_first(offset), unit]


def _x_first(field: np.ndarray) -> np.ndarray:
    """[2K, G, G]: y0, x0, y1, ... -> x0, y0, x1, ..."""
    return field.reshape(-1, 2, *field.shape[1:])[:, ::-1].reshape(field.shape)
