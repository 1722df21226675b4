"""What one decode costs: the compiled decoder against the other ways to do it, on synthetic heads.

    python benchmarks/decode.py [--keypoints 17] [--grid 48] [--rounds 200]

The heads are Gaussian peaks over faint noise, as a trained network gives them, with reg pointing about a cell beside
the peaks. All ways take turns within one run, so a busy machine slows them alike and the ratios stay.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib.util
import time
from collections.abc import Callable

import numpy as np
from rich.console import Console
from rich.table import Table

from movenet.decoding import decode
from movenet.decoding.native import decode_image as decode_unchecked

Maps = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Decoder = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def peaked_heads(random: np.random.Generator, keypoints: int, grid: int, peak_sigma: float = 1.0) -> Maps:
    """One image's heatmap, center, reg and offset: a person near the middle, a peak for each keypoint.

    Args:
        peak_sigma: width of the peaks in cells.
    """
    person = np.full(2, grid / 2) + random.uniform(-2, 2, 2)
    points = np.clip(person + random.normal(0, grid / 6, (keypoints, 2)), 1, grid - 2)
    heatmap = _gaussians(points, grid, peak_sigma) * random.uniform(0.3, 0.95, (keypoints, 1, 1))
    heatmap += random.uniform(0, 0.02, heatmap.shape)
    center = _gaussians(person[None], grid, grid / 12)
    # reg at every cell points to the keypoint, but for an error of about a cell.
    y, x = np.mgrid[:grid, :grid]
    errors = random.normal(0, 0.7, (keypoints, 2))
    reg = (points + errors)[:, :, None, None] - np.stack([x, y])
    offset = random.uniform(-0.5, 0.5, reg.shape)
    return _maps(heatmap), _maps(center), _maps(reg), _maps(offset)


def _maps(values: np.ndarray) -> np.ndarray:
    """float32 [channels, grid, grid] of any [..., grid, grid]."""
    return np.ascontiguousarray(values.reshape(-1, *values.shape[-2:]), np.float32)


def _gaussians(points_cells: np.ndarray, grid: int, sigma: float) -> np.ndarray:
    """[K, grid, grid], a peak of height 1 at each [K, 2] point."""
    y, x = np.mgrid[:grid, :grid]
    squared = (x - points_cells[:, 0, None, None]) ** 2 + (y - points_cells[:, 1, None, None]) ** 2
    return np.exp(-squared / (2 * sigma**2))


def keypoint_by_keypoint(heatmap: np.ndarray, center: np.ndarray, reg: np.ndarray, offset: np.ndarray) -> np.ndarray:
    """The rule as earlier PyTorch ports spell it: arrays of the whole grid made anew for every keypoint."""
    keypoints, _, grid = heatmap.shape
    columns = np.tile(np.arange(grid, dtype=np.float32), (grid, 1))
    rows = columns.T

    def reach(x: np.floating, y: np.floating) -> np.ndarray:
        x_map = np.full((grid, grid), x, np.float32)
        y_map = np.full((grid, grid), y, np.float32)
        return ((columns - x_map) ** 2 + (rows - y_map) ** 2) ** 0.5 + np.float32(1.8)

    weight = 1 / reach(np.float32(grid / 2), np.float32(grid / 2))
    center_y, center_x = np.unravel_index(np.argmax(center[0] * weight), (grid, grid))
    points = []
    for k in range(keypoints):
        x = center_x + reg[2 * k, center_y, center_x]
        y = center_y + reg[2 * k + 1, center_y, center_x]
        best_y, best_x = np.unravel_index(np.argmax(heatmap[k] / reach(x, y)), (grid, grid))
        points.append(
            [
                (best_x + offset[2 * k, best_y, best_x]) / grid,
                (best_y + offset[2 * k + 1, best_y, best_x]) / grid,
                heatmap[k, best_y, best_x],
            ]
        )
    return np.array(points, np.float32)


def decoders() -> dict[str, Decoder]:
    """The ways that this machine can run, the fastest first."""

    def by(backend: str) -> Decoder:
        return lambda heatmap, center, reg, offset: decode(heatmap, center, reg, offset, backend=backend)

    ways: dict[str, Decoder] = {"C++": by("cpp"), "C++, without Python's checks": decode_unchecked}
    ways["NumPy"] = by("numpy")
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        ways["torch, one image"] = by("torch")
    ways["NumPy, keypoint by keypoint"] = keypoint_by_keypoint
    return ways


def check_agreement(ways: dict[str, Decoder], heads: list[Maps]) -> None:
    """Timings of ways that find different points would compare nothing."""
    for maps in heads:
        expected = decode(*maps)
        for name, way in ways.items():
            np.testing.assert_allclose(way(*maps), expected, atol=1e-6, err_msg=name)


def measure(ways: dict[str, Decoder], heads: list[Maps], rounds: int) -> dict[str, float]:
    """Median microseconds of one call; each round runs every way once, on the same heads."""
    times: dict[str, list[float]] = {name: [] for name in ways}
    for index in range(rounds):
        maps = heads[index % len(heads)]
        for name, way in ways.items():
            way(*maps)  # brings the maps and the way's code into the caches, as in a loop over frames
            start = time.perf_counter()
            way(*maps)
            times[name].append((time.perf_counter() - start) * 1e6)
    return {name: float(np.median(values)) for name, values in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--keypoints", type=int, default=17, help="number of keypoints")
    parser.add_argument("--grid", type=int, default=48, help="cells along a side: input size / 4")
    parser.add_argument("--rounds", type=int, default=200, help="calls of each way")
    arguments = parser.parse_args()

    random = np.random.default_rng(0)
    heads = [peaked_heads(random, arguments.keypoints, arguments.grid) for _ in range(16)]
    ways = decoders()
    check_agreement(ways, heads)
    medians = measure(ways, heads, arguments.rounds)

    table = Table(title=f"one decode, {arguments.keypoints} keypoints, {arguments.grid} x {arguments.grid} cells")
    table.add_column("way")
    table.add_column("median, us", justify="right")
    table.add_column("times C++", justify="right")
    for name, median in medians.items():
        table.add_row(name, f"{median:.1f}", f"{median / medians['C++']:.1f}")
    Console().print(table)


if __name__ == "__main__":
    main()
