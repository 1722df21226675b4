"""The One-Euro filter: a low-pass filter that lets fast movements through.

Casiez, Roussel, Vogel: 1 Euro Filter: A Simple Speed-based Low-pass Filter for Noisy Input in Interactive Systems
(CHI 2012), algorithm 1.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True)
class OneEuroSettings:
    """The defaults are those of MoveNet's own detector, for coordinates in shares of the frame.

    Attributes:
        min_cutoff_hz: at rest.
        beta: how much the cut-off grows with speed, in Hz per share of the frame and second.
        speed_cutoff_hz: of the speed's own filter.
    """

    min_cutoff_hz: float = 2.5
    beta: float = 300.0
    speed_cutoff_hz: float = 2.5


@dataclass(frozen=True)
class _State:
    """After a frame; float64 [K, 2] each, places in shares of the frame, the speed in shares a second."""

    timestamp_s: float
    raw: np.ndarray
    smooth: np.ndarray
    speed: np.ndarray


class PoseSmoother:
    """Smooths x and y of every keypoint, each on its own; scores stay as they are.

    Args:
        settings: of the filters.
    """

    def __init__(self, settings: OneEuroSettings | None = None) -> None:
        self._settings = settings or OneEuroSettings()
        self._state: _State | None = None

    def __call__(self, keypoints: np.ndarray, width_px: int, height_px: int, timestamp_s: float) -> np.ndarray:
        """The next frame's points, smoothed.

        Args:
            keypoints: float32 [K, 3]: x and y in the frame's pixels, and score.
            width_px, height_px: of the frame.
            timestamp_s: may start anywhere; of a frame that is not later than the last one the points stay as they
                are.

        Returns:
            float32 [K, 3], a copy.
        """
        frame_px = np.array([width_px, height_px], np.float64)
        raw = keypoints[:, :2] / frame_px
        before = self._state
        if before is None:
            self._state = _State(timestamp_s, raw, raw, np.zeros_like(raw))
            return keypoints.copy()
        seconds = timestamp_s - before.timestamp_s
        if not seconds > 0:
            return keypoints.copy()
        settings = self._settings
        weight = _new_weight(np.array(settings.speed_cutoff_hz), seconds)
        speed = _blend(weight, (raw - before.raw) / seconds, before.speed)
        weight = _new_weight(settings.min_cutoff_hz + settings.beta * np.abs(speed), seconds)
        smooth = _blend(weight, raw, before.smooth)
        self._state = _State(timestamp_s, raw, smooth, speed)
        result = keypoints.copy()
        result[:, :2] = smooth * frame_px
        return result


def _new_weight(cutoff_hz: np.ndarray, seconds: float) -> np.ndarray:
    """The weight of the new value in a first-order low-pass filter."""
    return 1 / (1 + 1 / (2 * math.pi * cutoff_hz * seconds))


def _blend(weight: np.ndarray, value: np.ndarray, previous: np.ndarray) -> np.ndarray:
    return weight * value + (1 - weight) * previous
