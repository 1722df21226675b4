"""Depthwise convolutions on a CPU: forward and backward in single precision and in bfloat16, one thread.

    python benchmarks/depthwise.py

`movenet.models.layers.Conv2d` computes in single precision where the ratio is far above 1: strided, or larger than 3x3.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from statistics import median
from typing import NamedTuple

import torch
from rich.console import Console
from rich.table import Table
from torch.nn import functional


class Shape(NamedTuple):
    """Channels and side of the input, kernel and stride."""

    channels: int
    side: int
    kernel: int
    stride: int


# Of BlazePose Lite at 192 px and MobileNetV2 at 160 px.
SHAPES = (
    Shape(96, 48, 3, 1),
    Shape(96, 48, 5, 2),
    Shape(144, 24, 5, 1),
    Shape(144, 24, 3, 2),
    Shape(240, 12, 3, 1),
    Shape(336, 12, 5, 1),
    Shape(336, 12, 5, 2),
    Shape(576, 6, 5, 1),
    Shape(576, 10, 3, 1),
    Shape(192, 20, 3, 2),
    Shape(576, 10, 3, 2),
)


def latency_ms(shape: Shape, dtype: torch.dtype, batch_size: int, rounds: int) -> float:
    """Median of one forward and backward pass, channels last."""
    torch.manual_seed(0)
    image = torch.randn(batch_size, shape.channels, shape.side, shape.side, dtype=dtype)
    image = image.contiguous(memory_format=torch.channels_last).requires_grad_()
    kernel = torch.randn(shape.channels, 1, shape.kernel, shape.kernel, dtype=dtype, requires_grad=True)
    times = []
    for _ in range(rounds + 1):
        start = time.perf_counter()
        result = functional.conv2d(image, kernel, None, shape.stride, shape.kernel // 2, groups=shape.channels)
        result.backward(torch.ones_like(result))
        times.append((time.perf_counter() - start) * 1000)
    return median(times[1:])  # the first one chooses the kernels


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--batch-size", type=int, default=16, help="default: %(default)s")
    parser.add_argument("--rounds", type=int, default=10, help="of which the median is taken (default: %(default)s)")
    arguments = parser.parse_args()
    torch.set_num_threads(1)
    table = Table(title=f"depthwise convolutions, {arguments.batch_size} pictures, one thread")
    for column in ("channels", "input", "kernel", "stride", "float32 ms", "bfloat16 ms", "ratio"):
        table.add_column(column, justify="right")
    for shape in SHAPES:
        single, half = (
            latency_ms(shape, dtype, arguments.batch_size, arguments.rounds)
            for dtype in (torch.float32, torch.bfloat16)
        )
        table.add_row(
            str(shape.channels),
            f"{shape.side} x {shape.side}",
            str(shape.kernel),
            str(shape.stride),
            f"{single:.1f}",
            f"{half:.1f}",
            f"{half / single:.1f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
