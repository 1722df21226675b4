"""What one frame costs: pre-processing, network and decode, for each run-time, one thread.

    python benchmarks/frame.py [--weights weights/default] [--against FOLDER ...] [--runtimes ncnn onnx]

All run-times and models take turns within one run, so a busy machine slows them alike and the ratios stay. The frame is
noise: what a frame shows changes nothing but the decode, which `benchmarks/decode.py` measures.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

from dataclasses import astuple
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from movenet.estimator import PoseEstimator

Way = tuple[Path, str]


def measure(ways: dict[Way, PoseEstimator], frame: np.ndarray, rounds: int) -> dict[Way, np.ndarray]:
    """Median milliseconds of the three stages, float [3], by model and run-time."""
    times: dict[Way, list[tuple[float, ...]]] = {way: [] for way in ways}
    for _ in range(rounds):
        for way, estimator in ways.items():
            estimator(frame)  # brings the model into the caches, as in a loop over frames
            times[way].append(astuple(estimator(frame).timings))
    return {way: np.median(stages, axis=0) for way, stages in times.items()}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--weights", type=Path, default=Path("weights/default"), help="exported model")
    parser.add_argument("--against", type=Path, nargs="*", default=[], help="exported models to compare with")
    parser.add_argument("--runtimes", nargs="+", default=["ncnn", "onnx"], help="run-times to measure")
    parser.add_argument("--width", type=int, default=640, help="of the frame in pixels")
    parser.add_argument("--height", type=int, default=480, help="of the frame in pixels")
    parser.add_argument("--rounds", type=int, default=100, help="frames for each model and run-time")
    arguments = parser.parse_args()

    models = [arguments.weights, *arguments.against]
    ways = {(model, name): PoseEstimator(model, name) for model in models for name in arguments.runtimes}
    frame = np.random.default_rng(0).integers(0, 256, (arguments.height, arguments.width, 3), np.uint8)
    medians = measure(ways, frame, arguments.rounds)

    table = Table(title=f"one frame of {arguments.width} x {arguments.height} pixels, one thread, median ms")
    table.add_column("model")
    table.add_column("run-time")
    for column in ("pre-processing", "network", "decode", "whole frame", "ratio"):
        table.add_column(column, justify="right")
    first = next(iter(medians.values())).sum()
    for (model, name), stages in medians.items():
        cells = (f"{value:.2f}" for value in (*stages, stages.sum(), stages.sum() / first))
        table.add_row(str(model), name, *cells)
    Console().print(table)


if __name__ == "__main__":
    main()
