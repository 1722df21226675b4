"""The one place where coordinates move between frames.

Frames of coordinates, each named in a variable's suffix:

- `_px`: pixels of the picture. Continuous, measured from the picture's top left CORNER: pixel i covers [i, i + 1), its
  center is at i + 0.5. COCO's annotations are read as such.
- `_input`: pixels of the network's square input, continuous in the same way.
- `_unit`: 0..1 over the network's square input; what the decoder returns.
- `_cells`: the heatmap's grid; cell = unit * grid_size. A cell's own place is its integer index (the decode rule
  measures distances from there), so the cell of a point is the nearest integer.

OpenCV's warps put integer coordinates at pixel CENTERS; the half pixel is moved here and nowhere else.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import NamedTuple

import cv2
import numpy as np

from movenet.errors import DataError


@dataclass(frozen=True)
class Square:
    """An axis-parallel square of the picture, in `_px`; it may reach outside the picture (black there)."""

    center_x_px: float
    center_y_px: float
    side_px: float

    @property
    def left_px(self) -> float:
        return self.center_x_px - self.side_px / 2

    @property
    def top_px(self) -> float:
        return self.center_y_px - self.side_px / 2

    def to_unit(self, points_px: np.ndarray) -> np.ndarray:
        """[..., 2] picture pixels -> [..., 2] of this square, 0..1 inside it."""
        return (points_px - self._corner()) / self.side_px

    def to_px(self, points_unit: np.ndarray) -> np.ndarray:
        """[..., 2] of this square, 0..1 -> [..., 2] picture pixels."""
        return points_unit * self.side_px + self._corner()

    def _corner(self) -> np.ndarray:
        return np.array([self.left_px, self.top_px])

    def snapped(self, multiple_px: int = 1) -> Square:
        """The nearest square whose corners lie on pixel borders and whose side is a multiple, at least one, of this."""
        side = multiple_px * max(1, round(self.side_px / multiple_px))
        left, top = round(self.center_x_px - side / 2), round(self.center_y_px - side / 2)
        return Square(left + side / 2, top + side / 2, side)


def letterbox_square(width_px: int, height_px: int) -> Square:
    """The smallest square that holds the whole picture, with the picture in its middle."""
    return Square(width_px / 2, height_px / 2, max(width_px, height_px))


def person_square(box_px: tuple[float, float, float, float], scale: float = 1.25) -> Square:
    """The square around a person's box (x, y, width, height), `scale` times the box's longer side wide."""
    x, y, width, height = box_px
    return Square(x + width / 2, y + height / 2, scale * max(width, height, 1.0))


def extract_square(image: np.ndarray, square: Square, size: int) -> tuple[np.ndarray, Square]:
    """Cut a square out of a picture and resample it to the network's input.

    Args:
        image: uint8 [height, width, channels].
        square: which part; black where it reaches outside the picture.
        size: side of the result in pixels.

    Returns:
        The uint8 [size, size, channels] picture and the square that was really cut: corners are snapped to pixel
        borders so that halving averages whole pixels. Use that square to map points back.
    """
    halvings = fitting_halvings(square.side_px / size)
    snapped = square.snapped(2**halvings)
    left, top, side = int(snapped.left_px), int(snapped.top_px), int(snapped.side_px)
    part = reduced_part(image, Part(left, top, side, side), halvings)
    return cv2.resize(part, (size, size), interpolation=cv2.INTER_LINEAR), snapped


class Part(NamedTuple):
    """A rectangle of the picture on pixel borders; it may reach outside the picture (black there)."""

    left_px: int
    top_px: int
    width_px: int
    height_px: int


def fitting_halvings(reduction: float) -> int:
    """How often a picture is halved before it is resampled to 1 / `reduction` of its size.

    Averaging pairs as often as it goes, then bilinear: a fifth of the time of one area resampling, the same accuracy.
    Bilinear resampling alone would skip pixels, and show thin things broken.
    """
    # Not for a rounding error less often.
    return max(0, math.floor(math.log2(reduction) + 1e-6))


def reduced_part(image: np.ndarray, part: Part, halvings: int) -> np.ndarray:
    """Cut a part out of a picture and halve it, averaging.

    Args:
        image: uint8 [height, width, channels].
        part: width and height are multiples of 2^halvings.
        halvings: how often.

    Returns:
        uint8 [part.height_px / 2^halvings, part.width_px / 2^halvings, channels]; may share memory with the picture.
    """
    left, top, width, height = part
    inside = image[max(top, 0) : max(top + height, 0), max(left, 0) : max(left + width, 0)]
    if inside.size == 0:
        return np.zeros((height >> halvings, width >> halvings, image.shape[2]), np.uint8)
    above, before = max(-top, 0), max(-left, 0)
    pads = above, height - above - inside.shape[0], before, width - before - inside.shape[1]
    if any(pads):
        inside = cv2.copyMakeBorder(inside, *pads, borderType=cv2.BORDER_CONSTANT)
    for _ in range(halvings):
        inside = cv2.resize(inside, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return inside


def square_matrix(square: Square, size: int, rotation_degrees: float = 0.0, mirror: bool = False) -> np.ndarray:
    """The affine move `_px` -> `_input` that cuts a square, turns it about its center and may mirror it.

    Args:
        square: the part of the picture that fills the input (before it is turned).
        size: side of the network's input in pixels.
        rotation_degrees: the content turns clockwise on the screen by this angle.
        mirror: whether left and right change places, after the turn.

    Returns:
        float64 [2, 3]; `input = matrix @ (x_px, y_px, 1)`.
    """
    angle = math.radians(rotation_degrees)
    scale = size / square.side_px
    cosine, sine = scale * math.cos(angle), scale * math.sin(angle)
    matrix = np.array([[cosine, -sine, 0.0], [sine, cosine, 0.0]])
    if mirror:
        matrix[0] *= -1
    matrix[:, 2] = size / 2 - matrix[:, :2] @ (square.center_x_px, square.center_y_px)
    return matrix


def warp_picture(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Resample a picture by a `_px` -> `_input` matrix that keeps angles.

    Returns:
        uint8 [size, size, channels], black outside the picture. Where the picture is to become less than half as large,
        it is halved first, as `extract_square` does: training and inference see the same sharpness.
    """
    if image.size == 0:
        raise DataError("the picture is empty")
    halvings = fitting_halvings(1 / matrix_scale(matrix))
    if halvings > 0:
        part = part_around(input_corners_px(matrix, size), 2**halvings, image.shape[1], image.shape[0])
        image = reduced_part(image, part, halvings)
        matrix = matrix_from_part(matrix, part, halvings)
    # Corner-based coordinates to OpenCV's center-based ones: c' = A (c + 0.5) + t - 0.5.
    centered = matrix.copy()
    centered[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return cv2.warpAffine(image, centered, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def matrix_scale(matrix: np.ndarray) -> float:
    """How long a pixel of the picture is in the input, for a `_px` -> `_input` matrix that keeps angles."""
    return math.hypot(matrix[0, 0], matrix[1, 0])


def input_corners_px(matrix: np.ndarray, size: int) -> np.ndarray:
    """float64 [4, 2]: where the corners of the input lie in the picture, for a `_px` -> `_input` matrix."""
    corners = np.array([[0.0, 0.0], [size, 0.0], [0.0, size], [size, size]])
    return np.linalg.solve(matrix[:, :2], (corners - matrix[:, 2]).T).T


def part_around(points_px: np.ndarray, multiple_px: int, width_px: int, height_px: int) -> Part:
    """The part of a picture that resampling between these points can touch.

    Args:
        points_px: float [N, 2].
        multiple_px: the part begins and ends at multiples of this: at the same ones, whatever the points.
        width_px, height_px: of the picture; the part ends less than a multiple beyond it.

    Returns:
        The points' bounding box with a margin of two multiples, inside the picture and never empty.
    """
    margin = 2 * multiple_px
    end = -(-np.array([width_px, height_px]) // multiple_px) * multiple_px
    first = np.floor((points_px.min(axis=0) - margin) / multiple_px).astype(int) * multiple_px
    last = np.ceil((points_px.max(axis=0) + margin) / multiple_px).astype(int) * multiple_px
    left, top = (int(value) for value in np.clip(first, 0, end - multiple_px))
    right, bottom = (int(value) for value in np.clip(last, (left + multiple_px, top + multiple_px), end))
    return Part(left, top, right - left, bottom - top)


def matrix_from_part(matrix: np.ndarray, part: Part, halvings: int) -> np.ndarray:
    """A `_px` -> `_input` matrix for the pixels of a reduced part instead of those of the picture."""
    moved = matrix.copy()
    moved[:, 2] = apply_matrix(matrix, np.array([part.left_px, part.top_px], np.float64))
    moved[:, :2] *= 2**halvings
    return moved


def apply_matrix(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """[2, 3] matrix on [..., 2] points."""
    return points @ matrix[:, :2].T + matrix[:, 2]
