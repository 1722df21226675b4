"""The rules of tracking and smoothing, written plainly, for the C++ of the application to be compared with.

Tracking: the rule of tfjs-models' pose-detection for MoveNet, without its low-pass filter of the square. Smoothing:
algorithm 1 of Casiez, Roussel, Vogel: 1 Euro Filter (CHI 2012).
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import numpy as np

from movenet.geometry import Square, letterbox_square

MIN_SCORE = np.float32(0.2)


def next_square(points_px: np.ndarray, torso: list[int], width_px: int, height_px: int) -> Square:
    """float32 [K, 3] points, and the channels of left and right shoulder, left and right hip -> where to look next."""
    whole = letterbox_square(width_px, height_px)
    shoulders, hips = torso[:2], torso[2:]
    if not ((points_px[shoulders, 2] > MIN_SCORE).any() and (points_px[hips, 2] > MIN_SCORE).any()):
        return whole
    places = points_px[:, :2].astype(np.float64)
    center = places[hips].mean(axis=0)
    reaches = np.abs(places - center).max(axis=1)
    half = 1.9 * reaches[torso].max()
    half = max([half, *(1.2 * reaches[points_px[:, 2] >= MIN_SCORE])])
    half = min(half, max(center[0], width_px - center[0], center[1], height_px - center[1]))
    if half > max(width_px, height_px) / 2:
        return whole
    return Square(float(center[0]), float(center[1]), 2 * float(half))


@dataclass
class OneEuro:
    """One coordinate, in shares of the frame."""

    min_cutoff_hz: float = 2.5
    beta: float = 300.0
    speed_cutoff_hz: float = 2.5
    raw: float | None = None
    smooth: float = 0.0
    speed: float = 0.0

    def __call__(self, value: float, seconds: float) -> float:
        if self.raw is None:
            self.raw = self.smooth = value
            return value

        def alpha(cutoff_hz: float) -> float:
            tau = 1 / (2 * math.pi * cutoff_hz)
            return 1 / (1 + tau / seconds)

        weight = alpha(self.speed_cutoff_hz)
        self.speed = weight * (value - self.raw) / seconds + (1 - weight) * self.speed
        weight = alpha(self.min_cutoff_hz + self.beta * abs(self.speed))
        self.raw, self.smooth = value, weight * value + (1 - weight) * self.smooth
        return self.smooth


@dataclass
class Smoother:
    """All keypoints of a sequence whose frames are as many seconds apart."""

    width_px: int
    height_px: int
    seconds: float
    filters: list[tuple[OneEuro, OneEuro]] = field(default_factory=list)

    def __call__(self, points_px: np.ndarray) -> np.ndarray:
        if not self.filters:
            self.filters = [(OneEuro(), OneEuro()) for _ in points_px]
        result = points_px.copy()
        for (x, y), point in zip(self.filters, result, strict=True):
            point[0] = self.width_px * x(float(point[0]) / self.width_px, self.seconds)
            point[1] = self.height_px * y(float(point[1]) / self.height_px, self.seconds)
        return result
