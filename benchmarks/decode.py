"""What one decode costs: the compiled decoder against the other ways to do it, on the same heads in one run.

    python benchmarks/decode.py --pictures FOLDER [--weights weights/default/checkpoint.ckpt] [--callgrind]

The heads are a trained network's for the first photographs of the folder; without a folder, synthetic peaks. The C++
library is timed by its own program, `movenet_benchmark`, built in build/benchmark, the other ways in this process. Both
copy the heads to the same place before each decode, as a network leaves them there, take of each frame the fastest of
the rounds, and report the mean of the frames.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import importlib.util
import re
import subprocess
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2
import numpy as np
from rich.console import Console
from rich.table import Table

from movenet.decoding import decode
from movenet.geometry import extract_square, letterbox_square
from movenet.sources import open_pictures

ROOT = Path(__file__).resolve().parents[1]
BUILD = ROOT / "build/benchmark"
PROGRAM = BUILD / "cpp_postprocess/movenet_benchmark"

Maps = tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]
Decoder = Callable[[np.ndarray, np.ndarray, np.ndarray, np.ndarray], np.ndarray]


def record_heads(pictures: str, weights: Path, input_size: int, count: int) -> list[Maps]:
    """The network's heatmap, center, reg and offset for the first pictures of a folder, each letterboxed as a whole."""
    import torch

    from movenet.models import load_network

    torch.set_num_threads(1)
    network, _ = load_network(weights)
    network.eval()
    heads = []
    for _, frame in open_pictures(pictures):
        height, width = frame.shape[:2]
        square, _ = extract_square(frame, letterbox_square(width, height), input_size)
        pixels = torch.from_numpy(cv2.cvtColor(square, cv2.COLOR_BGR2RGB)).permute(2, 0, 1).float()
        with torch.no_grad():
            heatmap, center, reg, offset = (head[0].numpy() for head in network(pixels[None]))
        heads.append((heatmap, center, reg, offset))
        if len(heads) == count:
            break
    return heads


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


class VectorisedNumpy:
    """The rule in NumPy without a check or a temporary array too many: every constant is made once."""

    def __init__(self, grid: int) -> None:
        self.grid = grid
        self.axis = np.arange(grid, dtype=np.float32)
        squared = (self.axis - np.float32(grid / 2)) ** 2
        self.weight = 1 / (np.sqrt(squared[:, None] + squared) + np.float32(1.8))

    def __call__(self, heatmap: np.ndarray, center: np.ndarray, reg: np.ndarray, offset: np.ndarray) -> np.ndarray:
        keypoints, grid = len(heatmap), self.grid
        person_y, person_x = divmod(int((center[0] * self.weight).argmax()), grid)
        shifts = reg[:, person_y, person_x]
        dx = self.axis - (shifts[::2] + np.float32(person_x))[:, None]
        dy = self.axis - (shifts[1::2] + np.float32(person_y))[:, None]
        scores = (dy * dy)[:, :, None] + (dx * dx)[:, None, :]
        np.sqrt(scores, out=scores)
        scores += np.float32(1.8)
        np.divide(heatmap, scores, out=scores)
        y, x = np.divmod(scores.reshape(keypoints, -1).argmax(axis=1), grid)
        channel = np.arange(keypoints)
        points = np.empty((keypoints, 3), np.float32)
        points[:, 0] = (x + offset[2 * channel, y, x]) / grid
        points[:, 1] = (y + offset[2 * channel + 1, y, x]) / grid
        points[:, 2] = heatmap[channel, y, x]
        return points


class PredecessorsWay:
    """The rule as the predecessor (fire717/movenet.pytorch) spells it in NumPy: keypoint by keypoint of a batch.

    As there, values below a threshold are set to 0 in the heatmaps themselves, the grids are of integers, so that
    distances are float64, every keypoint makes its own arrays of the whole grid, and only the center's weights are made
    once. Left out is its rounding of reg: so points of at least the threshold are the rule's.
    """

    THRESHOLD = 0.1

    def __init__(self, grid: int) -> None:
        self.grid = grid
        self.columns = np.array([list(range(grid)) for _ in range(grid)])
        self.rows = self.columns.T
        distance = ((self.columns - grid / 2) ** 2 + (self.rows - grid / 2) ** 2) ** 0.5
        self.weight = (1 / (distance + 1.8)).astype(np.float32)

    def __call__(self, heatmap: np.ndarray, center: np.ndarray, reg: np.ndarray, offset: np.ndarray) -> np.ndarray:
        heatmap, center, reg, offset = heatmap[None], center[None], reg[None], offset[None]
        batch, keypoints, grid, _ = heatmap.shape
        heatmap[heatmap < self.THRESHOLD] = 0
        images = np.arange(batch)
        center_x, center_y = self._highest(center[:, 0] * self.weight)
        found = []
        for k in range(keypoints):
            x = reg[images, 2 * k, center_y, center_x] + center_x
            y = reg[images, 2 * k + 1, center_y, center_x] + center_y
            x_map = x.reshape(batch, 1, 1).repeat(grid, 1).repeat(grid, 2)
            y_map = y.reshape(batch, 1, 1).repeat(grid, 1).repeat(grid, 2)
            squared_x = (self.columns.reshape(1, grid, grid).repeat(batch, 0) - x_map) ** 2
            squared_y = (self.rows.reshape(1, grid, grid).repeat(batch, 0) - y_map) ** 2
            best_x, best_y = self._highest(heatmap[:, k] / ((squared_x + squared_y) ** 0.5 + 1.8))
            best_x[best_x > grid - 1], best_y[best_y > grid - 1] = grid - 1, grid - 1
            best_x[best_x < 0], best_y[best_y < 0] = 0, 0
            score = heatmap[images, k, best_y, best_x]
            point_x = (best_x + offset[images, 2 * k, best_y, best_x]) / grid
            point_y = (best_y + offset[images, 2 * k + 1, best_y, best_x]) / grid
            nowhere = score < self.THRESHOLD
            point_x[nowhere], point_y[nowhere] = -1, -1
            found.append(np.stack([point_x, point_y, score], axis=1))
        return np.stack(found, axis=1)[0].astype(np.float32)

    def _highest(self, scores: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Column and row, [batch] each, of the highest score of each [batch, grid, grid] map."""
        flat = np.argmax(scores.reshape(len(scores), -1), axis=1)
        return flat % self.grid, flat // self.grid


def decoders(grid: int) -> dict[str, Decoder]:
    """The ways that this process can run."""
    ways: dict[str, Decoder] = {
        'decode(values="probabilities")': partial(decode, values="probabilities"),
        "decode()": decode,
        "NumPy, vectorised": VectorisedNumpy(grid),
        "NumPy, the reference": partial(decode, backend="numpy"),
    }
    if importlib.util.find_spec("torch"):
        import torch

        torch.set_num_threads(1)
        ways["torch, one image"] = partial(decode, backend="torch")
    ways["NumPy, the predecessor's way"] = PredecessorsWay(grid)
    return ways


def check_agreement(ways: dict[str, Decoder], heads: list[Maps]) -> None:
    """Timings of ways that find different points would compare nothing."""
    for maps in heads:
        expected = decode(*maps)
        for name, way in ways.items():
            compared = expected[:, 2] >= (way.THRESHOLD if isinstance(way, PredecessorsWay) else -np.inf)
            points = way(*(values.copy() for values in maps))
            np.testing.assert_allclose(points[compared], expected[compared], atol=1e-6, err_msg=name)


def measure(ways: dict[str, Decoder], heads: list[Maps], rounds: int) -> dict[str, float]:
    """Microseconds of one call: of each frame the fastest of the rounds, then the mean of the frames."""
    fastest = {name: np.full(len(heads), np.inf) for name in ways}
    place: Maps = tuple(values.copy() for values in heads[0])  # type: ignore[assignment]

    def put(maps: Maps) -> None:
        for to, values in zip(reversed(place), reversed(maps), strict=True):
            to[:] = values

    for _ in range(rounds):
        for index, maps in enumerate(heads):
            for name, way in ways.items():
                put(heads[index - 1])
                way(*place)  # brings the way's code into the caches, as in a loop over frames
                put(maps)
                start = time.perf_counter()
                way(*place)
                took = (time.perf_counter() - start) * 1e6
                fastest[name][index] = min(fastest[name][index], took)
    return {name: float(times.mean()) for name, times in fastest.items()}


def build_program() -> None:
    options = ["-DMOVENET_BENCHMARK=ON", "-DMOVENET_TESTS=OFF", "-DCMAKE_BUILD_TYPE=Release"]
    subprocess.run(["cmake", "-S", ROOT, "-B", BUILD, *options], check=True, stdout=subprocess.DEVNULL)
    subprocess.run(["cmake", "--build", BUILD], check=True, stdout=subprocess.DEVNULL)


def write_heads(path: Path, heads: list[Maps]) -> None:
    """All frames' heads as `movenet_benchmark` reads them."""
    keypoints, grid, _ = heads[0][0].shape
    with path.open("wb") as file:
        np.array([len(heads), keypoints, grid], np.int32).tofile(file)
        for same_maps in zip(*heads, strict=True):
            np.stack(same_maps).tofile(file)


def run_program(heads_file: Path, rounds: int) -> dict[str, float]:
    """What `movenet_benchmark` prints: microseconds, and the bytes needed, by name."""
    command = [PROGRAM, heads_file, str(rounds)]
    lines = subprocess.run(command, check=True, text=True, capture_output=True).stdout.splitlines()
    return {name: float(value) for name, value in (line.split("\t") for line in lines)}


def count_instructions(heads_file: Path, frames: int, case: str) -> float:
    """Instructions of one decode, by callgrind."""
    function = "*plain_decode*" if "plain" in case else "movenet_decode"
    options = ["--tool=callgrind", f"--toggle-collect={function}", "--callgrind-out-file=/dev/null"]
    command = ["valgrind", *options, PROGRAM, heads_file, "1", case]
    printed = subprocess.run(command, check=True, text=True, capture_output=True).stderr
    collected = re.search(r"Collected : (\d+)", printed)
    if collected is None:
        raise RuntimeError(f"valgrind counted nothing: {printed}")
    return int(collected[1]) / frames


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--pictures", help="folder of photographs whose heads are recorded")
    parser.add_argument("--weights", type=Path, default=Path("weights/default/checkpoint.ckpt"), help="checkpoint")
    parser.add_argument("--input-size", type=int, default=192, help="pixels; a grid is a quarter of it wide")
    parser.add_argument("--frames", type=int, default=64, help="how many photographs")
    parser.add_argument("--rounds", type=int, default=10, help="calls of each way for each frame")
    parser.add_argument("--callgrind", action="store_true", help="count instructions too; needs valgrind")
    parser.add_argument("--record", type=Path, help="only write the heads to this file, as docs/decode.c reads them")
    arguments = parser.parse_args()

    if arguments.pictures:
        heads = record_heads(arguments.pictures, arguments.weights, arguments.input_size, arguments.frames)
    else:
        random = np.random.default_rng(0)
        heads = [peaked_heads(random, 17, arguments.input_size // 4) for _ in range(arguments.frames)]
    if arguments.record:
        write_heads(arguments.record, heads)
        return
    keypoints, grid, _ = heads[0][0].shape
    ways = decoders(grid)
    check_agreement(ways, heads)
    build_program()
    heads_file = BUILD / "heads.bin"
    write_heads(heads_file, heads)
    compiled = run_program(heads_file, arguments.rounds)
    needed_bytes, floor = compiled.pop("needed bytes"), compiled.pop("floor")
    microseconds = measure(ways, heads, arguments.rounds)
    instructions = {}
    if arguments.callgrind:
        instructions = {case: count_instructions(heads_file, len(heads), case) for case in compiled}
    heads_file.unlink()

    fastest = compiled["probabilities"]
    table = Table(title=f"one decode, {keypoints} keypoints, {grid} x {grid} cells, {len(heads)} frames")
    for column in ("way", "us", "ratio", "instructions"):
        table.add_column(column, justify="left" if column == "way" else "right")
    rows = {f"C++: {name}": (time, instructions.get(name)) for name, time in compiled.items()}
    rows |= {name: (time, None) for name, time in microseconds.items()}
    for name, (time_us, count) in rows.items():
        table.add_row(name, f"{time_us:.2f}", f"{time_us / fastest:.1f}", f"{count:,.0f}" if count else "")
    console = Console()
    console.print(table)
    console.print(
        f"Any exact decoder reads {needed_bytes:,.0f} bytes of such a frame. Reading every byte of heatmap and center "
        f"takes {compiled['read every byte']:.2f} us, so the floor is {floor:.2f} us; "
        f"the decoder takes {fastest / floor:.1f} times that."
    )


if __name__ == "__main__":
    main()
