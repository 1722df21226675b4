"""The application's steps give the numbers of OpenCV, of movenet.geometry and of movenet.tracking."""

from __future__ import annotations

import subprocess
from pathlib import Path

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from movenet.geometry import Square, extract_square, letterbox_square
from movenet.tracking import PoseSmoother, SquareTracker

SIDES = st.integers(1, 120)
SEEDS = st.integers(0, 2**32 - 1)
EXAMPLES = settings(max_examples=60)


def cut_by_probe(
    probe: Path, pixels: np.ndarray, layout: str, width: int, height: int, square: Square, size: int
) -> tuple[np.ndarray, Square]:
    numbers = [width, height, *map(repr, (square.center_x_px, square.center_y_px, square.side_px)), size]
    output = subprocess.run(
        [probe, "extract", layout, *map(str, numbers)], input=pixels.tobytes(), capture_output=True, check=True
    ).stdout
    line, _, rgb = output.partition(b"\n")
    return np.frombuffer(rgb, np.uint8).reshape(size, size, 3), Square(*map(float, line.split()))


def assert_same_cut(probe: Path, image: np.ndarray, square: Square, size: int) -> None:
    height, width = image.shape[:2]
    expected, expected_cut = extract_square(image, square, size)
    found, cut = cut_by_probe(probe, image, "rgb", width, height, square, size)
    assert cut == expected_cut
    # The same numbers on x86; OpenCV's loops for other processors may round the last of them otherwise.
    assert np.abs(found.astype(int) - expected).max() <= 1


@EXAMPLES
@given(SEEDS, SIDES, SIDES, st.floats(-100, 220), st.floats(-100, 220), st.floats(0.6, 250), st.integers(1, 48))
def test_any_square_is_cut_as_in_python(
    probe: Path, seed: int, width: int, height: int, x: float, y: float, side: float, size: int
) -> None:
    image = np.random.default_rng(seed).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert_same_cut(probe, image, Square(x, y, side), size)


@pytest.mark.parametrize("shape", [(480, 640), (640, 480), (1080, 1920), (319, 319), (320, 320), (60, 80)])
@pytest.mark.parametrize("size", [160, 192])
def test_usual_frames_are_letterboxed_as_in_python(probe: Path, shape: tuple[int, int], size: int) -> None:
    height, width = shape
    image = np.random.default_rng(1).integers(0, 256, (height, width, 3), dtype=np.uint8)
    assert_same_cut(probe, image, letterbox_square(width, height), size)


@EXAMPLES
@given(SEEDS, st.integers(1, 20), st.integers(1, 20))
def test_yuv_formats_are_opencvs_within_a_level(probe: Path, seed: int, half_width: int, half_height: int) -> None:
    # OpenCV's factors are rounded (1.164, 1.596, ...), the application's are those of BT.601 (test_frame.cpp),
    # and it takes lumas below black as black.
    width, height = 2 * half_width, 2 * half_height
    size = max(width, height)
    random = np.random.default_rng(seed)
    planar = random.integers(0, 256, (height * 3 // 2, width), dtype=np.uint8)
    packed = random.integers(0, 256, (height, width, 2), dtype=np.uint8)
    for luma in (planar[:height], packed[..., 0]):
        np.maximum(luma, 16, out=luma)
    for layout, pixels, code in (
        ("nv12", planar, cv2.COLOR_YUV2RGB_NV12),
        ("i420", planar, cv2.COLOR_YUV2RGB_I420),
        ("yuyv", packed, cv2.COLOR_YUV2RGB_YUYV),
    ):
        square = letterbox_square(width, height)
        expected, _ = extract_square(cv2.cvtColor(pixels, code), square, size)
        found, _ = cut_by_probe(probe, pixels, layout, width, height, square, size)
        assert np.abs(found.astype(int) - expected).max() <= 1, layout


def test_bgr_is_rgb_the_other_way_round(probe: Path, frame: np.ndarray) -> None:
    height, width = frame.shape[:2]
    square = letterbox_square(width, height)
    found, _ = cut_by_probe(probe, frame, "bgr", width, height, square, 32)
    same, _ = cut_by_probe(probe, frame[..., ::-1].copy(), "rgb", width, height, square, 32)
    assert (found == same).all()


@EXAMPLES
@given(SEEDS, st.integers(40, 700), st.integers(40, 700), st.floats(0.004, 0.5), st.integers(4, 19), st.floats(1, 200))
def test_tracking_and_smoothing_are_pythons(
    probe: Path, seed: int, width: int, height: int, seconds: float, keypoints: int, jitter_px: float
) -> None:
    random = np.random.default_rng(seed)
    person = random.uniform((0.2 * width, 0.2 * height), (0.8 * width, 0.8 * height), (keypoints, 2))
    walk = np.cumsum(random.normal(0, jitter_px / 4, (12, 1, 2)), axis=0)
    points = np.empty((12, keypoints, 3), np.float32)
    points[..., :2] = person + walk + random.normal(0, jitter_px / 20, (12, keypoints, 2))
    points[..., 2] = random.uniform(0, 1, (12, keypoints))
    smoother, squares = PoseSmoother(), SquareTracker()
    output = subprocess.run(
        [probe, "track", *map(str, (width, height, keypoints)), repr(seconds)],
        input=points.tobytes(),
        capture_output=True,
        check=True,
    ).stdout
    for number, (raw, found) in enumerate(zip(points, np.frombuffer(output).reshape(12, -1), strict=True)):
        known = squares.update(smoother(raw, width, height, number * seconds), width, height)
        square = squares.square(width, height)
        np.testing.assert_allclose(found[:-3].reshape(-1, 2), known[:, :2], rtol=0, atol=1e-3)
        np.testing.assert_allclose(found[-3:], (square.center_x_px, square.center_y_px, square.side_px), atol=4e-3)
