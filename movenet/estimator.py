"""`PoseEstimator`: a frame in, a pose out."""

from __future__ import annotations

import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from movenet.decoding import decode
from movenet.errors import DataError
from movenet.geometry import Square, extract_square, letterbox_square
from movenet.metadata import ModelMetadata
from movenet.runtimes import create_runtime
from movenet.skeleton import Skeleton


@dataclass(frozen=True)
class Timings:
    """How long the stages of one estimate took, in milliseconds."""

    preprocess_ms: float
    network_ms: float
    decode_ms: float


@dataclass(frozen=True)
class Pose:
    """One person's pose.

    Attributes:
        keypoints: float32 [K, 3]: x and y in the frame's pixels, from its top left corner, and the score, 0..1.
        skeleton: what the keypoints are.
        timings: how long it took.
    """

    keypoints: np.ndarray
    skeleton: Skeleton
    timings: Timings

    @property
    def score(self) -> float:
        """Mean of the keypoints' scores."""
        return float(self.keypoints[:, 2].mean())

    def to_dict(self) -> dict[str, Any]:
        """Plain values, ready for JSON."""
        named = zip(self.skeleton.names, self.keypoints.tolist(), strict=True)
        return {
            "score": self.score,
            "keypoints": [{"name": name, "x": x, "y": y, "score": score} for name, (x, y, score) in named],
            "timings": asdict(self.timings),
        }


class PoseEstimator:
    """Finds one person's pose in frames.

    Args:
        weights: a folder as `python -m export` writes it; for `torch` also a checkpoint file.
        runtime: `ncnn`, `onnx` or `torch`; if none is given, torch for a checkpoint file and ncnn for a folder.
        num_threads: how many threads the network may use.

    Raises:
        RuntimeUnavailableError: if the run-time is unknown, or its package is not installed.
        ModelError: if the model is missing or broken.
    """

    def __init__(self, weights: str | Path, runtime: str | None = None, num_threads: int = 1) -> None:
        self._runtime = create_runtime(weights, runtime, num_threads)
        # Libraries load lazily: what is missing shows here, and the first frame takes no longer than the others.
        decode(*self._runtime(self._black_input()))

    @property
    def metadata(self) -> ModelMetadata:
        """What the model is."""
        return self._runtime.metadata

    def _black_input(self) -> np.ndarray:
        side = self.metadata.input_size
        return np.zeros((side, side, 3), np.uint8)

    def __call__(self, frame_bgr: np.ndarray, square: Square | None = None) -> Pose:
        """Find the pose.

        Args:
            frame_bgr: uint8 [height, width, 3], as OpenCV reads pictures.
            square: the part of the frame to look at; the whole frame if not given.

        Raises:
            DataError: if the frame is of another shape or dtype.
        """
        _check_frame(frame_bgr)
        height, width = frame_bgr.shape[:2]
        start = time.perf_counter()
        wanted = letterbox_square(width, height) if square is None else square
        image_bgr, cut = extract_square(frame_bgr, wanted, self.metadata.input_size)
        image_rgb = cv2.cvtColor(image_bgr, cv2.COLOR_BGR2RGB)
        preprocessed = time.perf_counter()
        heads = self._runtime(image_rgb)
        computed = time.perf_counter()
        keypoints = decode(*heads, values="probabilities")
        keypoints[:, :2] = cut.to_px(keypoints[:, :2])
        decoded = time.perf_counter()
        timings = Timings(*(1e3 * np.diff([start, preprocessed, computed, decoded])).tolist())
        return Pose(keypoints, self.metadata.skeleton, timings)


def _check_frame(frame: np.ndarray) -> None:
    expected = "a uint8 BGR frame [height, width, 3]"
    if not isinstance(frame, np.ndarray):
        raise DataError(f"expected {expected}, not {type(frame).__name__}: was the picture read at all?")
    if frame.dtype != np.uint8:
        raise DataError(f"expected {expected}, not {frame.dtype}")
    if frame.ndim != 3 or frame.shape[2] != 3:
        raise DataError(f"expected {expected}, not shape {frame.shape}: convert it with cv2.cvtColor")
    if frame.size == 0:
        raise DataError(f"expected {expected}, but this one is empty: {frame.shape}")
