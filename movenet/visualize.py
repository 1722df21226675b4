"""Draws a pose on a picture."""

from __future__ import annotations

from enum import Enum

import cv2
import numpy as np

from movenet.estimator import Pose, Timings
from movenet.skeleton import Skeleton

MIN_SCORE = 0.3

# Coordinates are handed to OpenCV as integers with this many bits behind the point.
_SUBPIXEL_BITS = 4
_OUTLINE_BGR = (30, 30, 30)
_TEXT_BGR = (255, 255, 255)
_FONT = cv2.FONT_HERSHEY_SIMPLEX


class Side(Enum):
    """The side of the body that a keypoint is on; the value is its colour in BGR."""

    LEFT = (60, 160, 255)
    RIGHT = (255, 170, 60)
    MIDDLE = (140, 230, 120)


def draw_pose(frame_bgr: np.ndarray, pose: Pose, min_score: float = MIN_SCORE) -> np.ndarray:
    """A copy of the frame with a pose on it; see `draw_keypoints`."""
    return draw_keypoints(frame_bgr, pose.keypoints, pose.skeleton, min_score)


def draw_keypoints(
    frame_bgr: np.ndarray, keypoints: np.ndarray, skeleton: Skeleton, min_score: float = MIN_SCORE
) -> np.ndarray:
    """A copy of the frame with a skeleton on it: bones with a dark rim, points as discs.

    Args:
        frame_bgr: uint8 [height, width, 3].
        keypoints: float [K, 3]: x and y in the frame's pixels, and score.
        skeleton: what they are.
        min_score: points below it, and their bones, are left out.
    """
    canvas = frame_bgr.copy()
    sides = keypoint_sides(skeleton)
    seen = _drawable(keypoints, frame_bgr.shape, min_score)
    width = line_width(frame_bgr.shape)
    bones = [(first, second) for first, second in skeleton.edge_indices if seen[first] and seen[second]]
    # All rims before all bones, so that no rim crosses a bone that is there already.
    for rim in (max(1, width // 2), 0):
        for first, second in bones:
            side = sides[first] if sides[first] is sides[second] else Side.MIDDLE
            colour = _OUTLINE_BGR if rim else side.value
            _line(canvas, keypoints[first], keypoints[second], colour, width + 2 * rim)
    for index in np.flatnonzero(seen):
        _disc(canvas, keypoints[index], 1.3 * width + max(1, width / 3), _OUTLINE_BGR)
        _disc(canvas, keypoints[index], 1.3 * width, sides[index].value)
    return canvas


def draw_timings(frame_bgr: np.ndarray, timings: Timings) -> np.ndarray:
    """A copy of the frame with the stages' milliseconds in its top left corner."""
    text = f"pre {timings.preprocess_ms:.1f}  network {timings.network_ms:.1f}  decode {timings.decode_ms:.2f} ms"
    canvas = frame_bgr.copy()
    scale, thickness = _text_size(text, frame_bgr.shape)
    (text_width, text_height), baseline = cv2.getTextSize(text, _FONT, scale, thickness)
    margin = max(3, text_height // 2)
    bottom, right = text_height + baseline + 2 * margin, text_width + 2 * margin
    # A darkened strip: readable on any picture, and the picture still shows through.
    canvas[:bottom, :right] = canvas[:bottom, :right] // 3
    cv2.putText(canvas, text, (margin, margin + text_height), _FONT, scale, _TEXT_BGR, thickness, cv2.LINE_AA)
    return canvas


def keypoint_sides(skeleton: Skeleton) -> list[Side]:
    """The side of each keypoint, in channel order: mirrored pairs are (left, right), the others in the middle."""
    sides = dict.fromkeys(skeleton.names, Side.MIDDLE)
    for left, right in skeleton.mirror_pairs:
        sides[left], sides[right] = Side.LEFT, Side.RIGHT
    return list(sides.values())


def line_width(frame_shape: tuple[int, ...]) -> int:
    """Width of a bone in pixels, in proportion to the picture."""
    return max(1, round(max(frame_shape[:2]) / 220))


def _drawable(keypoints: np.ndarray, frame_shape: tuple[int, ...], min_score: float) -> np.ndarray:
    """bool [K]: sure enough, finite, and no more than a frame away from the frame (OpenCV's integers overflow)."""
    height, width = frame_shape[:2]
    x_px, y_px, scores = keypoints.T
    # A comparison with NaN is false.
    near = (x_px > -width) & (x_px < 2 * width) & (y_px > -height) & (y_px < 2 * height)
    return near & (scores >= min_score)


def _to_cv(point: np.ndarray) -> tuple[int, int]:
    """Corner-based pixels -> OpenCV's fixed-point coordinates, whose integers are pixel centers."""
    x, y = np.rint((point[:2] - 0.5) * 2**_SUBPIXEL_BITS)
    return int(x), int(y)


def _line(canvas: np.ndarray, start: np.ndarray, end: np.ndarray, colour: tuple[int, ...], width: int) -> None:
    cv2.line(canvas, _to_cv(start), _to_cv(end), colour, width, cv2.LINE_AA, _SUBPIXEL_BITS)


def _disc(canvas: np.ndarray, center: np.ndarray, radius_px: float, colour: tuple[int, ...]) -> None:
    radius = round(radius_px * 2**_SUBPIXEL_BITS)
    cv2.circle(canvas, _to_cv(center), radius, colour, cv2.FILLED, cv2.LINE_AA, _SUBPIXEL_BITS)


def _text_size(text: str, frame_shape: tuple[int, ...]) -> tuple[float, int]:
    """Font scale and thickness: in proportion to the picture within limits, and never wider than it."""
    scale = min(max(max(frame_shape[:2]) / 1100, 0.35), 1.0)
    (width, _), _ = cv2.getTextSize(text, _FONT, scale, 1)
    scale *= min(1.0, 0.95 * frame_shape[1] / max(width, 1))
    return scale, max(1, round(scale * 1.5))
