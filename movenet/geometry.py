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
    # Averaging pairs as often as it goes, then bilinear: a fifth of the time of one area resampling, the same accuracy.
    halvings = max(0, math.floor(math.log2(square.side_px / size)))
    snapped = square.snapped(2**halvings)
    left, top, side = int(snapped.left_px), int(snapped.top_px), int(snapped.side_px)
    height, width = image.shape[:2]
    # Ends below 0 would count from the picture's far side.
    inside = image[max(top, 0) : max(top + side, 0), max(left, 0) : max(left + side, 0)]
    if inside.size == 0:
        return np.zeros((size, size, image.shape[2]), np.uint8), snapped
    pads = (max(-top, 0), max(top + side - height, 0), max(-left, 0), max(left + side - width, 0))
    if any(pads):
        inside = cv2.copyMakeBorder(inside, *pads, borderType=cv2.BORDER_CONSTANT)
    for _ in range(halvings):
        inside = cv2.resize(inside, None, fx=0.5, fy=0.5, interpolation=cv2.INTER_AREA)
    return cv2.resize(inside, (size, size), interpolation=cv2.INTER_LINEAR), snapped


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
    angle = np.deg2rad(rotation_degrees)
    scale = size / square.side_px
    cosine, sine = scale * np.cos(angle), scale * np.sin(angle)
    linear = np.array([[cosine, -sine], [sine, cosine]])
    if mirror:
        linear = np.diag([-1.0, 1.0]) @ linear
    shift = size / 2 - linear @ np.array([square.center_x_px, square.center_y_px])
    return np.column_stack([linear, shift])


def warp_picture(image: np.ndarray, matrix: np.ndarray, size: int) -> np.ndarray:
    """Resample a picture by a `_px` -> `_input` matrix; uint8 [size, size, channels], black outside the picture."""
    if image.size == 0:
        raise DataError("the picture is empty")
    # Corner-based coordinates to OpenCV's center-based ones: c' = A (c + 0.5) + t - 0.5.
    centered = matrix.copy()
    centered[:, 2] += matrix[:, :2] @ np.array([0.5, 0.5]) - 0.5
    return cv2.warpAffine(image, centered, (size, size), flags=cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)


def apply_matrix(matrix: np.ndarray, points: np.ndarray) -> np.ndarray:
    """[2, 3] matrix on [..., 2] points."""
    return points @ matrix[:, :2].T + matrix[:, 2]
