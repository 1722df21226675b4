"""Do the exported models compute what the network in torch computes? Measured on real pictures."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from typing import Any

import cv2
import numpy as np

from movenet.decoding import decode
from movenet.errors import DataError
from movenet.geometry import extract_square, letterbox_square
from movenet.metadata import HEAD_NAMES
from movenet.runtimes import HeadArrays, Runtime
from movenet.sources import open_pictures

# The photographs of scikit-image's own package (no download) that the check takes when no pictures are given.
SAMPLE_PICTURES = ("astronaut", "camera", "coffee", "chelsea", "rocket")


@dataclass(frozen=True)
class Tolerance:
    """How far an exported model may be from the network.

    Attributes:
        probability: largest difference of heatmap and center.
        cells: largest difference of reg and offset.
        points_px: how far a decoded point may move, in pixels of the network's input.
        moved_share: share of the points that may move further: where two peaks are as high as each other, the last
            bit decides which of them wins. Above 0 it is one point at least, however few are compared.
        min_score: points that torch gives a lower score are not compared: they are places in noise.
        read_cells_only: whether reg and offset are compared only where torch's center and heatmap reach `min_score`.
            Elsewhere nobody reads them and nothing was taught: they may be large, and their rounding with them.
    """

    probability: float
    cells: float
    points_px: float
    moved_share: float
    min_score: float = 0.1
    read_cells_only: bool = False


TOLERANCES = {
    "fp32": Tolerance(probability=1e-4, cells=1e-3, points_px=0.05, moved_share=0.0),
    "fp16": Tolerance(probability=2e-2, cells=0.25, points_px=1.0, moved_share=0.02, read_cells_only=True),
}


@dataclass(frozen=True)
class Parity:
    """The largest differences of one exported model from torch.

    Attributes:
        heatmap, center, reg, offset: over all cells and pictures (see `Tolerance.read_cells_only`).
        points_px: over the points compared, in pixels of the network's input.
        moved_share: share of those points that moved further than the tolerance.
        num_points: how many points were compared.
        num_pictures: on how many pictures.
    """

    heatmap: float
    center: float
    reg: float
    offset: float
    points_px: float
    moved_share: float
    num_points: int
    num_pictures: int

    def to_dict(self) -> dict[str, Any]:
        return asdict(self)

    def violations(self, tolerance: Tolerance) -> list[str]:
        """What is above the tolerance, in words; empty if nothing is."""
        one_point = 1 / max(self.num_points, 1)
        limits = {
            "heatmap": tolerance.probability,
            "center": tolerance.probability,
            "reg": tolerance.cells,
            "offset": tolerance.cells,
            "moved_share": max(tolerance.moved_share, one_point) if tolerance.moved_share > 0 else 0.0,
        }
        found = {name: getattr(self, name) for name in limits}
        # Not `value > limit`: a NaN is above every limit.
        return [f"{name} {found[name]:.2g} > {limit:g}" for name, limit in limits.items() if not found[name] <= limit]


def compare(reference: Runtime, candidate: Runtime, pictures: Sequence[np.ndarray], tolerance: Tolerance) -> Parity:
    """Run both on every picture.

    Args:
        pictures: at least one, uint8 RGB [S, S, 3].
    """
    heads = [(reference(picture), candidate(picture)) for picture in pictures]
    side_px = reference.metadata.input_size
    moves_px = np.concatenate([_moves_px(*pair, side_px, tolerance.min_score) for pair in heads])
    differences = {name: max(_difference(*pair, name, tolerance) for pair in heads) for name in HEAD_NAMES}
    return Parity(
        **differences,
        points_px=float(moves_px.max(initial=0.0)),
        moved_share=float((moves_px > tolerance.points_px).mean()) if moves_px.size else 0.0,
        num_points=moves_px.size,
        num_pictures=len(pictures),
    )


def load_pictures(paths: Sequence[str], input_size: int) -> list[np.ndarray]:
    """Letterboxed pictures, uint8 RGB [S, S, 3].

    Args:
        paths: picture files and folders of pictures; none for scikit-image's photographs.

    Raises:
        DataError: if no path is given and scikit-image is not installed.
        SourceError: if a path is no picture.
    """
    frames = [frame for path in paths for _, frame in open_pictures(path)] if paths else _sample_frames()
    return [_letterboxed(frame, input_size) for frame in frames]


def _letterboxed(frame_bgr: np.ndarray, input_size: int) -> np.ndarray:
    height, width = frame_bgr.shape[:2]
    image, _ = extract_square(frame_bgr, letterbox_square(width, height), input_size)
    return cv2.cvtColor(image, cv2.COLOR_BGR2RGB)


def _sample_frames() -> list[np.ndarray]:
    try:
        from skimage import data
    except ImportError as error:
        raise DataError("no pictures to check the models on: give --images, or install scikit-image") from error
    rgb = [np.atleast_3d(getattr(data, name)()) for name in SAMPLE_PICTURES]
    return [np.ascontiguousarray(np.broadcast_to(image, (*image.shape[:2], 3))[..., ::-1]) for image in rgb]


def _difference(reference: HeadArrays, candidate: HeadArrays, name: str, tolerance: Tolerance) -> float:
    difference = np.abs(getattr(reference, name) - getattr(candidate, name))
    if tolerance.read_cells_only and name in ("reg", "offset"):
        read_by = reference.center if name == "reg" else np.repeat(reference.heatmap, 2, axis=0)
        difference = difference[np.broadcast_to(read_by >= tolerance.min_score, difference.shape)]
    return float(difference.max(initial=0.0))


def _moves_px(reference: HeadArrays, candidate: HeadArrays, side_px: int, min_score: float) -> np.ndarray:
    """float [n]: how far each point with a score moved."""
    points, moved = decode(*reference), decode(*candidate)
    seen = points[:, 2] >= min_score
    return np.linalg.norm((points - moved)[seen, :2], axis=1) * side_px
