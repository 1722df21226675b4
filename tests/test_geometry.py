"""Coordinates keep their place on the picture's content, checked on rendered marks."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from movenet.geometry import (
    Square,
    apply_matrix,
    extract_square,
    letterbox_square,
    person_square,
    square_matrix,
    warp_picture,
)

squares = st.builds(Square, st.floats(-500, 1500), st.floats(-500, 1500), st.floats(1, 2000))


def picture_with_mark(width: int, height: int, x_px: int, y_px: int, radius: int = 8) -> np.ndarray:
    """Black, with a bright square whose middle is the pixel CORNER (x_px, y_px)."""
    image = np.zeros((height, width, 3), np.uint8)
    image[y_px - radius : y_px + radius, x_px - radius : x_px + radius] = 255
    return image


def middle_of_mark(image: np.ndarray) -> np.ndarray:
    """Center of brightness, x and y, continuous from the corner."""
    weights = image[..., 0].astype(np.float64)
    ys, xs = np.mgrid[: image.shape[0], : image.shape[1]] + 0.5
    return np.array([(xs * weights).sum(), (ys * weights).sum()]) / weights.sum()


@given(squares, st.floats(-1000, 1000), st.floats(-1000, 1000))
def test_to_unit_and_back_is_the_same_point(square: Square, x_px: float, y_px: float) -> None:
    point = np.array([x_px, y_px])
    np.testing.assert_allclose(square.to_px(square.to_unit(point)), point, atol=1e-6)


@given(squares)
def test_snapping_moves_no_border_by_more_than_a_pixel(square: Square) -> None:
    snapped = square.snapped()
    assert snapped.left_px == round(snapped.left_px)
    assert abs(snapped.left_px - square.left_px) <= 1.01
    assert abs(snapped.left_px + snapped.side_px - square.left_px - square.side_px) <= 1.01


def test_letterbox_holds_the_whole_picture_in_its_middle() -> None:
    square = letterbox_square(640, 480)
    assert (square.left_px, square.top_px, square.side_px) == (0, -80, 640)


def test_person_square_is_around_the_box() -> None:
    square = person_square((10, 20, 40, 100), scale=1.25)
    assert (square.center_x_px, square.center_y_px, square.side_px) == (30, 70, 125)


@pytest.mark.parametrize("square", [letterbox_square(300, 200), Square(120.3, 90.7, 141), Square(40, 60, 700)])
@pytest.mark.parametrize("size", [64, 192])
def test_extracted_mark_is_where_the_square_says(square: Square, size: int) -> None:
    mark_px = np.array([104, 88])
    extracted, actual = extract_square(picture_with_mark(300, 200, *mark_px), square, size)
    assert extracted.shape == (size, size, 3)
    found_px = actual.to_px(middle_of_mark(extracted) / size)
    np.testing.assert_allclose(found_px, mark_px, atol=0.06 * actual.side_px / size + 0.3)


@pytest.mark.parametrize("center", [(500, 500), (-8, 10), (10, -8), (-8, -8), (28, 10)])
def test_square_outside_the_picture_is_black(center: tuple[float, float]) -> None:
    extracted, _ = extract_square(np.full((20, 20, 3), 255, np.uint8), Square(*center, 15), 32)
    assert not extracted.any()


def test_letterbox_pads_with_black() -> None:
    extracted, _ = extract_square(np.full((50, 100, 3), 255, np.uint8), letterbox_square(100, 50), 100)
    assert not extracted[:25].any()
    assert not extracted[75:].any()
    assert (extracted[25:75] == 255).all()


@pytest.mark.parametrize("mirror", [False, True])
@pytest.mark.parametrize("rotation_degrees", [0.0, 33.0, -120.0, 180.0])
def test_warped_mark_is_where_the_matrix_says(rotation_degrees: float, mirror: bool) -> None:
    mark_px = np.array([110, 95])
    matrix = square_matrix(Square(100, 100, 150), 192, rotation_degrees, mirror)
    warped = warp_picture(picture_with_mark(200, 200, *mark_px), matrix, 192)
    np.testing.assert_allclose(middle_of_mark(warped), apply_matrix(matrix, mark_px), atol=0.15)


def test_rotation_is_clockwise_on_the_screen() -> None:
    matrix = square_matrix(Square(50, 50, 100), 100, rotation_degrees=90)
    np.testing.assert_allclose(apply_matrix(matrix, np.array([50.0, 10.0])), [90, 50], atol=1e-9)


def test_warp_without_rotation_agrees_with_extraction() -> None:
    rng = np.random.default_rng(0)
    image = rng.integers(0, 256, (96, 96, 3), np.uint8)
    square = Square(48, 48, 48)
    extracted, _ = extract_square(image, square, 96)
    difference = extracted.astype(int) - warp_picture(image, square_matrix(square, 96), 96)
    # Away from the border, where extraction repeats pixels and the warp looks at the picture beyond the square.
    assert np.abs(difference[2:-2, 2:-2]).max() <= 2
