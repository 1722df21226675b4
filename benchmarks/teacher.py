"""What a teacher costs a training on a CPU: PyTorch beside OpenVINO, milliseconds a picture, one thread.

    python benchmarks/teacher.py [--model thunder] [--batch-size 16] [--rounds 5]

Freshly initialised, at the preset's own size; both take turns within one run.
"""

from __future__ import annotations

import argparse
import os

os.environ.setdefault("OMP_NUM_THREADS", "1")

import time
from statistics import median

import torch
from rich.console import Console
from rich.table import Table

from movenet.models import build
from movenet.models.fold import fold_batch_norms
from movenet.models.registry import find_preset, preset_names
from movenet.skeleton import COCO17
from movenet.training.teacher_network import OpenVinoTeacher, TeacherNetwork, TorchTeacher


def picture_ms(teacher: TeacherNetwork, view: torch.Tensor) -> float:
    start = time.perf_counter()
    teacher(view)
    return 1000 * (time.perf_counter() - start) / len(view)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--model", choices=preset_names(), default="thunder")
    parser.add_argument("--batch-size", type=int, default=16)
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()

    torch.set_num_threads(1)
    network = fold_batch_norms(build(arguments.model, COCO17.num_keypoints)).to(memory_format=torch.channels_last)
    teachers: dict[str, TeacherNetwork] = {"PyTorch": TorchTeacher(network), "OpenVINO": OpenVinoTeacher(network)}
    size = find_preset(arguments.model).input_size
    view = torch.rand(arguments.batch_size, 3, size, size).mul(255).contiguous(memory_format=torch.channels_last)
    table = Table(title=f"{arguments.model} at {size} px, batches of {arguments.batch_size}, one thread")
    for column in ("ms a picture", *teachers, "ratio"):
        table.add_column(column, justify="right")
    for precision, in_half in (("single", False), ("bfloat16", True)):
        with torch.autocast("cpu", torch.bfloat16, enabled=in_half):
            for teacher in teachers.values():
                teacher(view)  # compiles
            rounds = [[picture_ms(teacher, view) for teacher in teachers.values()] for _ in range(arguments.rounds)]
        torch_ms, openvino_ms = (median(times) for times in zip(*rounds, strict=True))
        table.add_row(precision, f"{torch_ms:.1f}", f"{openvino_ms:.1f}", f"{openvino_ms / torch_ms:.2f}")
    Console().print(table)


if __name__ == "__main__":
    main()
