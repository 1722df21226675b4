"""What each architecture costs before it is trained: time in ncnn beside Google's Lightning, size and work.

    python -m benchmarks.architectures [--models mobilenet_v2_x1_0@128 shufflenet_v2_x1_0@160 ...]

Freshly initialised networks, exported as the real ones are (fp16 storage), one thread, all in turns within one run. The
preset `lightning` is the architecture of Google's file, so its time is Lightning's. Export needs torch and pnnx.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import tempfile
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

from benchmarks.frame import measure
from export.command import build_model
from movenet.estimator import PoseEstimator
from movenet.models import NetworkSpec
from movenet.models.profile import profile
from movenet.models.registry import PRESETS, find_preset
from movenet.skeleton import COCO17

YARDSTICK = "lightning@192"
DEFAULT_SIZES = (128, 160, 192)


def parse(text: str) -> NetworkSpec:
    """`PRESET@PIXELS`, or a preset at its own size."""
    model, _, size = text.partition("@")
    return NetworkSpec(model, int(size or find_preset(model).input_size), "sigmoid", COCO17)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    own = [name for name in PRESETS if name not in ("lightning", "thunder")]
    default = [f"{name}@{size}" for name in own for size in DEFAULT_SIZES]
    parser.add_argument("--models", nargs="+", default=default, metavar="PRESET@PIXELS")
    parser.add_argument("--rounds", type=int, default=60, help="frames for each model")
    arguments = parser.parse_args()

    specs = {name: parse(name) for name in (YARDSTICK, *(n for n in arguments.models if n != YARDSTICK))}
    frame = np.random.default_rng(0).integers(0, 256, (480, 640, 3), np.uint8)
    table = Table(title="one frame, ncnn, one thread: the network's time")
    for column in ("model", "parameters", "multiply-adds", "median ms", "of Lightning's"):
        table.add_column(column, justify="left" if column == "model" else "right", no_wrap=True)
    with tempfile.TemporaryDirectory() as scratch:
        ways = {}
        for name, spec in track(specs.items(), description="exporting"):
            folder = Path(scratch) / name
            folder.mkdir()
            build_model(spec.build().eval(), spec, folder, ["ncnn"], half_weights=True)
            ways[folder, "ncnn"] = PoseEstimator(folder, "ncnn")
        medians = measure(ways, frame, arguments.rounds)
    network_ms = {folder.name: stages[1] for (folder, _), stages in medians.items()}
    for name, spec in specs.items():
        found = profile(spec.build(), spec.input_size)
        table.add_row(
            name,
            f"{found.parameters:,}",
            f"{found.multiply_adds / 1e6:.1f} M",
            f"{network_ms[name]:.2f}",
            f"{network_ms[name] / network_ms[YARDSTICK]:.2f}",
        )
    Console().print(table)


if __name__ == "__main__":
    main()
